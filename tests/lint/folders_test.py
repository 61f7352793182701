"""Holds what the linker cannot see: which folder may include which, and where heavy headers may stand.

The table is the one of docs/architecture.md. `./dev lint` runs this; it prints each violation as file:line.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# folder -> folders whose headers it may include
ALLOWED = {
    "base": set(),
    "jobs": {"base"},
    "partitioner": {"base", "jobs"},
    "coordinator": {"base", "jobs", "partitioner"},
    "formats": {"base", "jobs"},
    "warehouse": {"base", "jobs", "formats"},
    "transforms": {"base", "jobs", "formats"},
    "worker": {"base", "jobs", "formats", "transforms", "warehouse", "partitioner", "coordinator"},
    "cli": {"base", "jobs", "partitioner", "coordinator", "formats", "transforms", "warehouse", "worker"},
}
# The worker takes values from the scheduling side, and reads its journal; it never sees its decisions.
WORKER_MAY_TAKE = {"partitioner/chunk_plan.h", "partitioner/stream_cutter.h", "coordinator/task.h", "coordinator/transport.h", "coordinator/journal.h"}
# header pattern -> files (by pattern) in which it may stand
CONFINED = {
    r"mpi\.h": r"coordinator/mpi_transport\.cpp",
    r"(hdf5|H5\w*)\.h": r"formats/hdf5_\w+\.(cpp|h)",
    r"boost/(archive|serialization)/.*": r"coordinator/codec\.cpp",
    r"yaml-cpp/.*": r"jobs/yaml_tree\.cpp",
    r"sodium\.h": r"transforms/column_cipher\.cpp",
}
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def violations():
    for folder, allowed in ALLOWED.items():
        for path in sorted((ROOT / folder).glob("*.[ch]*")):
            name = path.relative_to(ROOT).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                own, outside = match.groups()
                if own:
                    other = own.split("/")[0]
                    if other != folder and other in ALLOWED and other not in allowed:
                        yield f"{name}:{number}: {folder} must not include {own}"
                    if folder == "worker" and other in ("partitioner", "coordinator") and own not in WORKER_MAY_TAKE:
                        yield f"{name}:{number}: worker takes value headers only, not {own}"
                for header, places in CONFINED.items():
                    if re.fullmatch(header, own or outside) and not re.fullmatch(places, name):
                        yield f"{name}:{number}: {own or outside} belongs into {places}"


def main():
    found = list(violations())
    for violation in found:
        print(violation)
    print(f"include directions: {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
