"""The protocol of Zabbix's trappers: a header of 13 bytes, and JSON.

No TLS: with certificates or shared keys call `zabbix_sender` by the sink `exec`.
Standard library only.
Source: Zabbix documentation, appendix "protocols": "header and data length", "sender".
"""

import json
import re
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

from parsers.errors import Deferred, Refused

HEADER = struct.Struct("<4sBII")  # ZBXD, flags, length, length before compression
MAX_ANSWER_BYTES = 65_536
_COUNTS = re.compile(r"processed: (\d+); failed: (\d+)")


def send(address: tuple[str, int], host: str, key: str, value: str, timeout_s: float) -> str:
    """Send one value and return the server's words about it.

    Raises Deferred when the server does not answer, Refused when it takes no value for this item.
    """
    data = [{"host": host, "key": key, "value": value}]
    answer = _exchange(address, {"request": "sender data", "data": data}, timeout_s)
    info = str(answer.get("info", ""))
    counts = _COUNTS.match(info)
    if answer.get("response") != "success" or counts is None:
        raise Deferred("Monitoring cannot be understood.", f"{address[0]} said {str(answer)[:200]}")
    if (int(counts[1]), int(counts[2])) != (1, 0):
        raise Refused(
            "Monitoring has no place for alarms.",
            f"{info}: Zabbix has no trapper item {key!r} on host {host!r} that takes values from "
            "here: link the template (docs/hook/zabbix.md), look at host and key, and at the "
            "item's allowed hosts; a new item is known within CacheUpdateFrequency",
        )
    return info


def _exchange(
    address: tuple[str, int], request: Mapping[str, Any], timeout_s: float
) -> Mapping[str, Any]:
    body = json.dumps(request).encode()
    end = time.monotonic() + timeout_s
    try:
        with socket.create_connection(address, timeout_s) as peer:
            peer.sendall(HEADER.pack(b"ZBXD", 1, len(body), 0) + body)
            magic, flags, length, _ = HEADER.unpack(_receive(peer, HEADER.size, end))
            if magic != b"ZBXD" or flags != 1 or length > MAX_ANSWER_BYTES:
                raise Deferred("Monitoring cannot be understood.", f"{address} is no Zabbix server")
            answer = json.loads(_receive(peer, length, end))
    except (OSError, ValueError, RecursionError) as error:
        why = str(error) or type(error).__name__
        raise Deferred(
            "Monitoring does not answer.", f"Zabbix server {address[0]} port {address[1]}: {why}"
        ) from error
    return answer if isinstance(answer, dict) else {}


def _receive(peer: socket.socket, size: int, end: float) -> bytes:
    got = b""
    while len(got) < size:
        peer.settimeout(max(0.001, end - time.monotonic()))
        piece = peer.recv(size - len(got))
        if not piece:
            raise OSError("it closed the connection: is this its trapper port, may we talk to it?")
        got += piece
    return got
