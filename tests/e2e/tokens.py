# SPDX-License-Identifier: Apache-2.0
"""Reads a ticket token by its documented layout alone: base45 (RFC 9285), 53 octets of claims, Ed25519."""

import base64
import struct
import uuid

import nacl.signing

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45_decode(text):
    octets = bytearray()
    for start in range(0, len(text), 3):
        group = [ALPHABET.index(letter) for letter in text[start:start + 3]]
        value = sum(digit * 45 ** place for place, digit in enumerate(group))
        octets += value.to_bytes(len(group) - 1, "big")
    return bytes(octets)


class Token:
    def __init__(self, text):
        octets = base45_decode(text)
        assert len(octets) == 53 + 64
        self.claims, self.signature = octets[:53], octets[53:]
        (self.version, self.key_id, ticket, show, self.valid_from, self.valid_until, self.ordinal, self.section,
         self.seat) = struct.unpack(">B4s16s16sIIHHI", self.claims)
        self.ticket_id, self.show_id = str(uuid.UUID(bytes=ticket)), str(uuid.UUID(bytes=show))

    def verify(self, keys):
        """keys: the answer of GET /keys. Raises when the signature does not hold."""
        named = {key["key_id"]: key["public_key"] for key in keys["keys"]}
        public = base64.urlsafe_b64decode(named[self.key_id.hex()] + "=")
        nacl.signing.VerifyKey(public).verify(self.claims, self.signature)
