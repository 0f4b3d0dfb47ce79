"""Sends and receives the messages of ``protocol`` over a pipe, with open files where the system can pass them."""

from __future__ import annotations

import os
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import msgspec

from inspector.engine.protocol import MESSAGE_BYTES

Message = TypeVar("Message", bound=msgspec.Struct)
PASSES_DESCRIPTORS = hasattr(os, "memfd_create")  # Linux; elsewhere files go by their path


class Channel(Generic[Message]):
    """One end of the pipe.

    A frame is one byte, the number of open files that follow it, and then the JSON of one message.

    Args:
        connection: This end.
        received: The union of messages that may arrive; anything else is refused.
        descriptors: How many open files may arrive with one message.
    """

    def __init__(self, connection: Connection, received: object, descriptors: int = 0) -> None:
        self._connection = connection
        self._decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(received)
        self._most_descriptors = descriptors

    def send(self, message: msgspec.Struct, descriptors: tuple[int, ...] = ()) -> None:
        """Send a message of at most ``MESSAGE_BYTES``.

        Raises:
            OSError: The other side is gone.
        """
        self._connection.send_bytes(bytes([len(descriptors)]) + msgspec.json.encode(message))
        for descriptor in descriptors:
            reduction.send_handle(self._connection, descriptor, 0)

    def receive(self) -> tuple[Message, tuple[int, ...]]:
        """Wait for a message; return it with the open files that came with it, which are the caller's to close.

        Raises:
            EOFError, OSError: The other side is gone, or sent more than is allowed.
            msgspec.ValidationError, msgspec.DecodeError: What arrived is not a message.
        """
        frame = self._connection.recv_bytes(MESSAGE_BYTES + 64)
        count = frame[0] if frame else 0
        if count > self._most_descriptors:
            raise OSError("more open files than are allowed")
        descriptors = tuple(reduction.recv_handle(self._connection) for _ in range(count))
        return self._decoder.decode(frame[1:]), descriptors
