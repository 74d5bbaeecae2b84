"""The text inside `.txt`, `.txt.gz` and `.zip`, as a stream of lines that can be read twice."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, cast

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.whatsapp_export import settings
from pipelines.sources.whatsapp_export.headers import detect
from pipelines.sources.whatsapp_export.people import ChatName, chat_name_of_file

_BUFFER: Final = 1 << 20
_GZIP_STEP: Final = 1 << 16
_IOS_NAME: Final = "_chat.txt"
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
    OSError,
)  # fmt: skip
_GZIP_ERRORS: Final = (EOFError, zlib.error, gzip.BadGzipFile)
_AGAIN: Final = "Export the chat again, or copy the file again."


class DamagedTailError(Exception):
    """The stream ended early; what came before is good."""


class _AsItComes(io.RawIOBase):
    """A gzip stream that hands out what it has before it meets a damaged place.

    `GzipFile` fills whole buffers, and what is in an unfinished one is lost with the error.
    """

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._packed.read1(min(len(buffer), _GZIP_STEP))
        buffer[: len(data)] = data
        return len(data)


@dataclass(frozen=True, slots=True)
class ChatFile:
    """One exported chat: a file, or a member of a zip."""

    path: Path
    member: str | None
    chat: ChatName

    def lines(self) -> Iterator[bytes]:
        """Lines with their ends. A line above the limit comes in pieces.

        Raises:
            DamagedTailError: a gzip stream that ends early, after the lines that are there.
            SourceFileError: an unreadable file or zip member, or a decompression bomb.
        """
        total = 0
        limit = self._limit()
        packed = self.path.suffix.lower() == ".gz"
        errors = _ZIP_ERRORS if self.member else (*_GZIP_ERRORS, OSError)
        try:
            with self._open() as stream:
                for line in iter(partial(stream.readline, settings.MAX_LINE_BYTES), b""):
                    total += len(line)
                    if total > limit:
                        raise SourceFileError(
                            self.path,
                            "it unpacks to an absurd size",
                            "It is refused as a decompression bomb; export the chat again.",
                        )
                    yield line
        except errors as error:
            if packed and total and isinstance(error, _GZIP_ERRORS):
                raise DamagedTailError from error
            raise SourceFileError(
                self.path, f"it cannot be read ({type(error).__name__})", _AGAIN
            ) from error

    def _limit(self) -> int:
        if self.path.suffix.lower() != ".gz":
            return settings.MAX_TEXT_BYTES
        by_ratio = settings.MAX_RATIO * self.path.stat().st_size
        return min(settings.MAX_TEXT_BYTES, max(by_ratio, settings.RATIO_APPLIES_ABOVE))

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        if self.member is not None:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream), _BUFFER))
        elif self.path.suffix.lower() == ".gz":
            with gzip.open(self.path, "rb") as packed:
                yield cast(BinaryIO, io.BufferedReader(_AsItComes(packed), _BUFFER))
        else:
            with self.path.open("rb", buffering=_BUFFER) as plain:
                yield plain


def find_chats(path: Path) -> list[ChatFile]:
    """The exported chats in a file: one, or those of a zip.

    Raises:
        SourceFileError: no such file, a kind of file that holds no chat, a zip that is damaged,
            encrypted, absurd in size or without a chat.
    """
    if not path.is_file():
        raise SourceFileError(path, "there is no such file", "Check the path of the source.")
    name = path.name.lower()
    if name.endswith(".zip"):
        return _chats_of_zip(path)
    if name.endswith((".txt", ".txt.gz")):
        return [ChatFile(path, None, _name_of_text(path))]
    raise SourceFileError(
        path, "it is neither .txt, .txt.gz nor .zip", "Give the file that WhatsApp exported."
    )


def sniff(chat: ChatFile) -> bool:
    """Whether the beginning of a text holds a header of any layout."""
    read = 0
    try:
        for number, raw in enumerate(chat.lines()):
            read += len(raw)
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if detect(line) is not None:
                return True
            if number >= settings.SNIFF_LINES or read > settings.SNIFF_BYTES:
                break
    except DamagedTailError:
        pass
    return False


def _name_of_text(path: Path) -> ChatName:
    stem = path.name[: -len(".txt.gz")] if path.name.lower().endswith(".gz") else path.stem
    if stem.lower() != "_chat":
        return chat_name_of_file(stem)
    # Unpacked by hand: the folder has the name of the zip.
    return chat_name_of_file(path.absolute().parent.name)


def _chats_of_zip(path: Path) -> list[ChatFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if _is_text(info)]
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise SourceFileError(path, "the zip is damaged or cut off", _AGAIN) from error
    chosen = _choose(path, members)
    if not chosen:
        raise SourceFileError(
            path,
            "the zip holds no chat text",
            "Give the zip that WhatsApp exported, or the .txt from inside it.",
        )
    for info in chosen:
        _refuse_unreadable(path, info)
    chats = [ChatFile(path, info.filename, _name_of_member(path, info)) for info in chosen]
    named = [chat for chat in chats if chat.chat.certain]
    if len(chats) > 1 and named:
        chats = named  # other texts are attachments
    readable = [chat for chat in chats if sniff(chat)]
    if not readable:
        raise SourceFileError(
            path, "no text in the zip is a WhatsApp export", "Give the zip that WhatsApp exported."
        )
    return readable


def _is_text(info: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(info.filename)
    hidden = name.name.startswith("._") or "__MACOSX" in name.parts
    return not info.is_dir() and name.suffix.lower() == ".txt" and not hidden


def _choose(path: Path, members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """iOS: every `_chat.txt`; Android: the text named as the zip, else all texts."""
    ios = [info for info in members if PurePosixPath(info.filename).name.lower() == _IOS_NAME]
    if ios:
        return ios
    stem = chat_name_of_file(path.stem)
    same = [
        info for info in members if chat_name_of_file(PurePosixPath(info.filename).stem) == stem
    ]
    return same or members


def _name_of_member(path: Path, info: zipfile.ZipInfo) -> ChatName:
    name = PurePosixPath(info.filename)
    if name.name.lower() != _IOS_NAME:
        return chat_name_of_file(name.stem)
    folder = chat_name_of_file(name.parent.name) if name.parent.name else None
    return folder if folder is not None and folder.certain else chat_name_of_file(path.stem)


def _refuse_unreadable(path: Path, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 0x1:
        raise SourceFileError(
            path, "the zip is encrypted", "Unpack it with its password and give the .txt."
        )
    absurd = info.file_size > settings.MAX_TEXT_BYTES or (
        info.file_size > settings.RATIO_APPLIES_ABOVE
        and info.file_size > settings.MAX_RATIO * max(info.compress_size, 1)
    )
    if absurd:
        raise SourceFileError(
            path,
            f"the zip declares a text of {info.file_size} bytes in {info.compress_size}",
            "It is refused as a decompression bomb; export the chat again.",
        )


def refuse_other_encodings(path: Path, first: bytes) -> None:
    """Say clearly that a text was saved as UTF-16.

    Raises:
        SourceFileError: the file starts with a mark of UTF-16.
    """
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceFileError(
            path, "it is UTF-16, WhatsApp writes UTF-8", "Save it as UTF-8, or export it again."
        )
