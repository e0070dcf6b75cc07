"""Just enough of TFLite's file format to read and change a few fields in place."""

import struct


class Flatbuffer:
    """Tables whose fields are found over their vtables, as the schema (version 3) numbers them.

    All methods raise `struct.error` or IndexError where the file is damaged.
    """

    def __init__(self, data: bytearray) -> None:
        self.data = data

    def follow(self, at: int) -> int:
        """Where the offset at a place leads to."""
        return at + self._number("<I", at)

    def field(self, table: int, number: int) -> int:
        """The place of a table's field; 0 where it is not there."""
        vtable = table - self._number("<i", table)
        entry = 4 + 2 * number
        if entry >= self._number("<H", vtable):
            return 0
        offset = self._number("<H", vtable + entry)
        return table + offset if offset else 0

    def table(self, table: int, number: int) -> int:
        """The place of a table that is a field of another; 0 where it is not there."""
        at = self.field(table, number)
        return self.follow(at) if at else 0

    vector = table
    """Likewise of a vector, where its length is."""

    def tables(self, table: int, number: int) -> list[int]:
        """The places of the tables in a vector."""
        at = self.vector(table, number)
        count = self._number("<I", at) if at else 0
        return [self.follow(at + 4 + 4 * i) for i in range(count)]

    def integer(self, table: int, number: int, default: int = 0) -> int:
        at = self.field(table, number)
        return self._number("<i", at) if at else default

    def byte(self, table: int, number: int) -> int:
        at = self.field(table, number)
        return self.data[at] if at else 0

    def integers(self, table: int, number: int) -> list[int]:
        return [int(one) for one in self.values(table, number, "<i")]

    def values(self, table: int, number: int, form: str) -> list[float]:
        """A vector of numbers, whose form is as `struct` has it."""
        vector = self.vector(table, number)
        count = self._number("<I", vector) if vector else 0
        size = struct.calcsize(form)
        return [struct.unpack_from(form, self.data, vector + 4 + size * i)[0] for i in range(count)]

    def set_integer(self, table: int, number: int, value: int) -> None:
        """Change a number that is there."""
        struct.pack_into("<i", self.data, self.field(table, number), value)

    def set_integers(self, table: int, number: int, values: list[int]) -> None:
        """Change the numbers of a vector that is as long."""
        struct.pack_into(f"<{len(values)}i", self.data, self.vector(table, number) + 4, *values)

    def empty(self, table: int, number: int) -> None:
        """Make a vector one without elements, if it is there."""
        at = self.vector(table, number)
        if at:
            struct.pack_into("<I", self.data, at, 0)

    def drop_first(self, table: int, number: int) -> None:
        """Shorten a vector of tables by its first one."""
        at = self.vector(table, number)
        left = self.tables(table, number)[1:]
        struct.pack_into("<I", self.data, at, len(left))
        for i, one in enumerate(left):
            place = at + 4 + 4 * i
            struct.pack_into("<I", self.data, place, one - place)

    def _number(self, form: str, at: int) -> int:
        return int(struct.unpack_from(form, self.data, at)[0])
