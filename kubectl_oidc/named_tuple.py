"""``NamedTuple`` as the module typing has it, in a third of the time: neither annotations are evaluated nor code is compiled.

A refresh defines 45 of these classes, and typing's take a fifth of its imports. For the type checker this one is typing's.
"""

from __future__ import annotations

from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Fields(type):
        """Make the annotated names of a class the fields of a tuple, and their values the defaults."""

        def __new__(cls, name, bases, members):
            if fields := tuple(members.get("__annotations__", ())):
                defaults = {field: members[field] for field in fields if field in members}
                members.update((field, property(itemgetter(index))) for index, field in enumerate(fields))
                members.update(_fields=fields, _field_defaults=defaults, __match_args__=fields)
            return super().__new__(cls, name, bases, {"__slots__": (), **members})

    class NamedTuple(tuple, metaclass=_Fields):
        """The base class. Fields are given by position or name."""

        _fields = ()
        _field_defaults = {}

        def __new__(cls, *given, **named):
            fields = cls._fields
            if named or len(given) != len(fields):
                values = {**cls._field_defaults, **dict(zip(fields, given, strict=False)), **named}
                wrong = values.keys() ^ set(fields) or named.keys() & set(fields[: len(given)])
                if wrong or len(given) > len(fields):
                    raise TypeError(f"{cls.__name__}() got wrong fields: {', '.join(sorted(wrong))}")
                given = [values[field] for field in fields]
            return tuple.__new__(cls, given)

        def _replace(self, **changes):
            return type(self)(**{**self._asdict(), **changes})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            values = ", ".join(f"{field}={value!r}" for field, value in self._asdict().items())
            return f"{type(self).__name__}({values})"

        def __getnewargs__(self):
            return tuple(self)
