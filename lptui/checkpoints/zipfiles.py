"""A strict reader of zip directories, by bounded pread.

Stricter than zipfile and than torch on purpose: where two readers can disagree about a file (duplicate names,
overlaps, trailing bytes, a local header unlike the central one) one of them can be fooled, so the file is
refused. Layout: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from lptui.checkpoints.info import RefusalError
from lptui.checkpoints.probe import FileBytes, escape

STORED = 0
DEFLATED = 8
MAX_DIRECTORY = 128 << 20
_EOCD = struct.Struct("<4s4H2LH")
_EOCD64_LOCATOR = struct.Struct("<4sLQL")
_EOCD64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x2041  # encrypted, strong encryption, masked directory
_SIZES_FOLLOW = 0x8  # a data descriptor behind the data; the local header may hold zeros
_MAX16 = 0xFFFF
_MAX32 = 0xFFFFFFFF


class ZipRecord(NamedTuple):
    """One record as the central directory has it; `header_at` is where its local header starts."""

    name: str
    raw_name: bytes
    header_at: int
    size: int
    stored_size: int
    crc: int
    method: int
    flags: int


def read_directory(file: FileBytes) -> tuple[ZipRecord, ...]:
    """All records in the order of the directory. RefusalError: truncated, mismatch or unsafe-pickle."""
    start, length, count, end = _find_directory(file)
    if length > MAX_DIRECTORY:
        raise RefusalError("not-read", f"its zip directory is {length:,} B, more than is read safely")
    if start + length != end:
        raise RefusalError("mismatch", "the zip directory is not where its end record says")
    records = _parse_directory(file.read(start, length), count)
    _reject_tricks(records, start)
    return records


def record_data_at(file: FileBytes, record: ZipRecord) -> int:
    """Offset of the record's bytes, after its local header was compared with the directory."""
    raw = file.read(record.header_at, _LOCAL.size)
    magic, _need, flags, method, _time, _date, crc, stored, size, n_name, n_extra = _LOCAL.unpack(raw)
    at = record.header_at + _LOCAL.size
    if magic != b"PK\3\4":
        verdict = "zeroed" if not raw.strip(b"\0") else "mismatch"
        raise RefusalError(verdict, f"no record starts where the directory says ({escape(record.name)})")
    same = method == record.method and (flags & ~_SIZES_FOLLOW) == (record.flags & ~_SIZES_FOLLOW)
    if not flags & _SIZES_FOLLOW:
        # zip64 puts the sizes in the extra field: the directory's are then the ones that were checked
        same = same and crc == record.crc and size in (record.size, _MAX32)
        same = same and stored in (record.stored_size, _MAX32)
    if file.read(at, n_name) != record.raw_name:
        raise RefusalError("unsafe-pickle", f"record {escape(record.name)} has two different names")
    if not same:
        raise RefusalError("mismatch", f"the two headers of record {escape(record.name)} differ")
    data_at = at + n_name + n_extra
    if data_at + record.stored_size > file.size:
        raise RefusalError("truncated", f"record {escape(record.name)} runs past the end of the file")
    return data_at


def read_stored(file: FileBytes, record: ZipRecord, limit: int) -> bytes:
    """The bytes of a stored record, CRC checked unless it is 0. RefusalError if it is not what it seems."""
    if record.method != STORED:
        raise RefusalError("unsafe-pickle", f"record {escape(record.name)} is compressed, which torch never writes")
    if record.size > limit:
        raise RefusalError("not-read", f"record {escape(record.name)} is {record.size:,} B, over the safe limit")
    data = file.read(record_data_at(file, record), record.size)
    if record.crc and zlib.crc32(data) != record.crc:
        raise RefusalError("crc-mismatch", f"the checksum of record {escape(record.name)} does not match its bytes")
    return data


def read_prefix(file: FileBytes, record: ZipRecord, length: int) -> bytes:
    """The first `length` bytes of a record, inflated if need be, never more than that."""
    at = record_data_at(file, record)
    if record.method == STORED:
        return file.read(at, min(length, record.size))
    if record.method != DEFLATED:
        raise RefusalError("not-read", f"record {escape(record.name)} is compressed by method {record.method}")
    inflater = zlib.decompressobj(-15)
    out = bytearray()
    left = record.stored_size
    while len(out) < length and left > 0 and not inflater.eof:
        part = file.read(at, min(left, 1 << 16))
        at, left = at + len(part), left - len(part)
        while part and len(out) < length:
            try:
                out += inflater.decompress(part, length - len(out))
            except zlib.error as error:
                text = f"the compressed bytes of record {escape(record.name)} are damaged"
                raise RefusalError("mismatch", text) from error
            part = inflater.unconsumed_tail
    return bytes(out)


def _find_directory(file: FileBytes) -> tuple[int, int, int, int]:
    """(start, length, record count, offset of the first end record) of the central directory."""
    span = min(file.size, _EOCD.size + _MAX16)
    tail = file.read(file.size - span, span)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _EOCD.size > len(tail):
        raise RefusalError("truncated", "the index at the end of the file is missing")
    _magic, disk, start_disk, here, count, length, start, n_comment = _EOCD.unpack_from(tail, at)
    end = file.size - span + at
    if at + _EOCD.size + n_comment != len(tail):
        if _is_embedded(file, end, start + length):
            raise RefusalError("truncated", "the index at the end of the file is missing")
        raise RefusalError("unsafe-pickle", "bytes follow the end of the zip archive")
    zip64 = _read_zip64(file, end)
    if zip64 is not None:
        return zip64
    if _MAX32 in (length, start) or count == _MAX16:
        raise RefusalError("mismatch", "the zip end record points to a 64-bit one that is missing")
    if disk or start_disk or here != count:
        raise RefusalError("unsafe-pickle", "the zip archive claims to span several disks")
    return start, length, count, end


def _is_embedded(file: FileBytes, end: int, directory_end: int) -> bool:
    """Whether an end record is that of an archive inside of this one (a policy.pth in a zip that was cut off behind
    it): its places then count from somewhere behind the start of the file."""
    record_at = end - _EOCD64_LOCATOR.size - _EOCD64.size
    if record_at >= 0 and file.read(record_at, 4) == b"PK\6\6":
        fields = _EOCD64.unpack(file.read(record_at, _EOCD64.size))
        end, directory_end = record_at, fields[8] + fields[9]
    return directory_end < end


def _read_zip64(file: FileBytes, end: int) -> tuple[int, int, int, int] | None:
    locator_at = end - _EOCD64_LOCATOR.size
    if locator_at < 0:
        return None
    magic, disk, at, disks = _EOCD64_LOCATOR.unpack(file.read(locator_at, _EOCD64_LOCATOR.size))
    if magic != b"PK\6\7":
        return None
    # CVE-2025-8291: readers that trust the locator and readers that search disagree; ours wants both to agree
    if disk or disks > 1 or at + _EOCD64.size != locator_at:
        raise RefusalError("unsafe-pickle", "the 64-bit end record of the zip archive is not where it must be")
    fields = _EOCD64.unpack(file.read(at, _EOCD64.size))
    if fields[0] != b"PK\6\6" or fields[1] != _EOCD64.size - 12 or fields[6] != fields[7]:
        raise RefusalError("unsafe-pickle", "the 64-bit end record of the zip archive is malformed")
    return fields[9], fields[8], fields[7], at


def _parse_directory(raw: bytes, count: int) -> tuple[ZipRecord, ...]:
    records: list[ZipRecord] = []
    at = 0
    while at < len(raw):
        if at + _CENTRAL.size > len(raw) or raw[at : at + 4] != b"PK\1\2":
            raise RefusalError("mismatch", f"the zip directory is damaged after {len(records)} records")
        f = _CENTRAL.unpack_from(raw, at)
        name_at, extra_at = at + _CENTRAL.size, at + _CENTRAL.size + f[10]
        at = extra_at + f[11] + f[12]
        if at > len(raw):
            raise RefusalError("mismatch", f"the zip directory is damaged after {len(records)} records")
        name = raw[name_at:extra_at]
        size, stored, header_at = _wide(raw[extra_at : extra_at + f[11]], f[9], f[8], f[16])
        text = name.decode("utf-8", "backslashreplace")
        records.append(ZipRecord(text, name, header_at, size, stored, f[7], f[4], f[3]))
    if len(records) != count:
        raise RefusalError("mismatch", f"the zip directory holds {len(records)} records, its end says {count}")
    return tuple(records)


def _wide(extra: bytes, size: int, stored: int, header_at: int) -> tuple[int, int, int]:
    """Sizes and offset with the 64-bit ones of the extra field (id 1) where the short ones are full."""
    if _MAX32 not in (size, stored, header_at):
        return size, stored, header_at
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if kind == 1 and at + length <= len(extra):
            wide = iter(struct.unpack(f"<{length // 8}Q", extra[at : at + length // 8 * 8]))
            return tuple(next(wide, n) if n == _MAX32 else n for n in (size, stored, header_at))  # type: ignore[return-value]
        at += length
    return size, stored, header_at


def _reject_tricks(records: tuple[ZipRecord, ...], directory_at: int) -> None:
    names: set[str] = set()
    end = 0
    for record in sorted(records, key=_header_at):
        again = record.name in names  # as text: two spellings may read the same
        trick = "is there twice: two readers would see two files" if again else _find_trick(record, end)
        if trick:
            raise RefusalError("unsafe-pickle", f"record {escape(record.name)} {trick}")
        names.add(record.name)
        end = record.header_at + _LOCAL.size + len(record.raw_name) + record.stored_size
        if end > directory_at:
            text = f"record {escape(record.name)} claims more bytes than the file has for it"
            raise RefusalError("mismatch", text)


def _find_trick(record: ZipRecord, end: int) -> str:
    if record.flags & _ENCRYPTED:
        return "is encrypted"
    if record.method == STORED and record.size != record.stored_size:
        return "has two different sizes"
    return "overlaps the one before it" if record.header_at < end else ""


def _header_at(record: ZipRecord) -> int:
    return record.header_at
