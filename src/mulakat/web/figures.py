"""Days and sizes as the reader writes them."""

from datetime import datetime

from mulakat.languages import say
from mulakat.settings import KIB, MIB


def day(at: datetime, reader: str) -> str:
    """Return a moment's day, in UTC."""
    month = say(reader, f"report.month.{at.month}")
    return say(reader, "account.day", day=at.day, month=month, year=at.year)


def size(octets: int, reader: str) -> str:
    """Return a number of bytes: whole below 10 KiB, else in KiB, or MiB with one decimal."""
    if octets < 10 * KIB:
        return say(reader, "account.bytes", value=octets)
    if octets < MIB:
        return say(reader, "account.kib", value=round(octets / KIB))
    value = f"{octets / MIB:.1f}".replace(".", say(reader, "report.decimal"))
    return say(reader, "account.mib", value=value)
