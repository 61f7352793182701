"""What the generators share: a folder with the inputs under in/ and a copy of the job file beside them."""

import pathlib
import shutil
import sys

EXAMPLES = pathlib.Path(__file__).resolve().parents[1]


def folder_for(name, folder):
    """Makes `folder` and its in/, with a copy of the job NAME.yaml. Returns the path of in/."""
    inputs = pathlib.Path(folder) / "in"
    inputs.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(EXAMPLES / f"{name}.yaml", inputs.parent / f"{name}.yaml")
    return inputs


def main(name, generate):
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    generate(sys.argv[1])
    print(f"{sys.argv[1]}/{name}.yaml")
