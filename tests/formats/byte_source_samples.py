"""Writes compressed and encoded files with Python's own libraries, and beside each NAME the text that a reader must get, NAME.text."""

import bz2
import gzip
import io
import lzma
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import pyarrow

folder = Path(sys.argv[1])
TEXT = "".join(f"{i},name-{i * 7919 % 1000},\"quoted, {i}\"\n" for i in range(40_000)).encode()
SHORT = b"id,name\n1,a\n"


def put(name: str, data: bytes, text: bytes) -> None:
    (folder / name).write_bytes(data)
    (folder / (name + ".text")).write_bytes(text)


def gzip_named(text: bytes, name: str, level: int) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(filename=name, mode="wb", fileobj=out, compresslevel=level, mtime=1_600_000_000) as file:
        file.write(text)
    return out.getvalue()


def bgzf(text: bytes) -> bytes:
    out = b""
    for begin in range(0, len(text) + 0xFF00, 0xFF00):
        block = text[begin : begin + 0xFF00]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = deflate.compress(block) + deflate.flush()
        header = struct.pack("<4BIBBH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(data) + 25)
        out += header + data + struct.pack("<II", zlib.crc32(block), len(block))
    return out


def flushed_gzip(text: bytes) -> bytes:
    """Sync and full flushes inside a member, as log writers make them."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = b""
    for begin in range(0, len(text), 10_000):
        out += deflate.compress(text[begin : begin + 10_000])
        out += deflate.flush(zlib.Z_SYNC_FLUSH if begin % 20_000 else zlib.Z_FULL_FLUSH)
    return out + deflate.flush()


for level in (0, 1, 6, 9):
    put(f"gzip-{level}", gzip_named(TEXT, "a name.csv", level), TEXT)
put("gzip-members", b"".join(gzip_named(TEXT[i : i + 5000], "", 6) for i in range(0, len(TEXT), 5000)), TEXT)
put("gzip-short", gzip.compress(SHORT), SHORT)
put("gzip-empty", gzip.compress(b""), b"")
put("gzip-flushed", flushed_gzip(TEXT), TEXT)
put("gzip-padded", gzip.compress(SHORT) + bytes(512), SHORT)
put("bgzip", bgzf(TEXT), TEXT)
put("bgzip-twice", bgzf(TEXT) + bgzf(SHORT), TEXT + SHORT)
for level in (1, 9):
    put(f"bzip2-{level}", bz2.compress(TEXT, level), TEXT)
put("bzip2-streams", bz2.compress(TEXT) + bz2.compress(b"") + bz2.compress(SHORT), TEXT + SHORT)
for check in (lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256):
    put(f"xz-{check}", lzma.compress(TEXT, check=check, preset=1), TEXT)
put("xz-9", lzma.compress(SHORT, preset=9 | lzma.PRESET_EXTREME), SHORT)
put("xz-streams", lzma.compress(TEXT) + bytes(8) + lzma.compress(SHORT) + bytes(4), TEXT + SHORT)
for codec in ("zstd", "lz4"):
    pack = lambda text: pyarrow.compress(text, codec=codec, asbytes=True)
    put(codec, pack(TEXT), TEXT)
    put(f"{codec}-frames", b"".join(pack(TEXT[i : i + 50_000]) for i in range(0, len(TEXT), 50_000)), TEXT)
    put(f"{codec}-skippable", b"\x50\x2a\x4d\x18" + struct.pack("<I", 3) + b"xyz" + pack(SHORT) if codec == "zstd" else pack(SHORT), SHORT)

with zipfile.ZipFile(folder / "archive", "w") as archive:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        archive.writestr(f"in/member-{method}.csv", TEXT, compress_type=method)
(folder / "archive.text").write_bytes(TEXT)

# Encodings: the file's name ends in the job file's word for it, then how invalid bytes are taken.
WORDS = "id,näme\n1,ÆØÅ €\n2,plain\n" * 3000
put("text.latin-1.reject", WORDS.replace("€", "¤").encode("latin-1"), WORDS.replace("€", "¤").encode())
put("text.windows-1252.reject", WORDS.encode("cp1252"), WORDS.encode())
WIDE = WORDS.replace("plain", "名前😀")
put("text.utf-16.reject", WIDE.encode("utf-16"), WIDE.encode())
put("text.utf-16le.reject", WIDE.encode("utf-16-le"), WIDE.encode())
put("text.utf-16be.reject", gzip.compress(WIDE.encode("utf-16-be")), WIDE.encode())
noise = bytes(pow(3, i, 65_537) % 256 for i in range(30_000))
broken = b"".join(noise[i : i + 100] + WIDE.encode()[i : i + 300] for i in range(0, 30_000, 100))
put("broken.utf-8.replace", broken, broken.decode("utf-8", "replace").encode())
put("broken.windows-1252.replace", broken, broken.decode("cp1252", "replace").encode())
put("broken.latin-1.fail", broken, broken.decode("latin-1").encode())
