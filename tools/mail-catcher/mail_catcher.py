#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mail server for trying things out: plain SMTP on this machine, every mail a file.

    tools/mail-catcher/mail_catcher.py --listen 127.0.0.1:10025 --folder MAILS

A mail is acknowledged once its file (TIME-RECIPIENT-N.eml, as it arrived, with the envelope in front as
Return-Path and Delivered-To) is on disk. Takes SMTPUTF8. No STARTTLS, no AUTH: never make it reachable
from elsewhere.
"""
import argparse
import datetime
import itertools
import os
import re
import signal
import socketserver
import sys
import threading

MESSAGE_OCTETS_MAX = 64 * 1024 * 1024
LINE_OCTETS_MAX = 64 * 1024  # RFC 5321 allows 1,000; be lenient with text lines
RECIPIENTS_MAX = 100
IDLE_SECONDS_MAX = 300

counter = itertools.count(1)
# what stands before the @ may be quoted, and have blanks and brackets within (RFC 5321, 4.1.2)
ADDRESS = re.compile(rb'^(?:FROM|TO):\s*<((?:"(?:[^"\\]|\\.)*"@)?[^<>\s"]*)>((?:\s+\S+)*)\s*$', re.IGNORECASE)


def mail_save(folder, sender, recipients, octets):
    """Writes one file for the message; returns its name."""
    now = datetime.datetime.now(datetime.UTC)
    address = re.sub(r"[^A-Za-z0-9@._+-]", "_", recipients[0])[:100]
    name = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z-{address}-{next(counter)}.eml"
    envelope = [f"Return-Path: <{sender}>"] + [f"Delivered-To: {to}" for to in recipients]
    unfinished = os.path.join(folder, "." + name)
    with open(unfinished, "wb") as file:
        file.write("".join(line + "\r\n" for line in envelope).encode("utf-8", "surrogateescape"))
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    os.rename(unfinished, os.path.join(folder, name))
    return name


class Session(socketserver.StreamRequestHandler):
    timeout = IDLE_SECONDS_MAX

    def setup(self):
        super().setup()
        self.greeted = False
        self.reset()

    def reset(self):
        self.sender = None
        self.recipients = []
        self.utf8 = False

    def reply(self, line):
        self.wfile.write(line.encode("ascii", "replace") + b"\r\n")
        self.wfile.flush()

    def handle(self):
        try:
            self.reply("220 localhost Seatlog mail catcher")
            while True:
                line = self.rfile.readline(LINE_OCTETS_MAX)
                if not line:
                    return
                if not line.endswith(b"\n"):
                    self.reply("500 5.5.2 Line too long")
                    return
                verb, _, argument = line.rstrip(b"\r\n").partition(b" ")
                if not self.command(verb.decode("ascii", "replace").upper(), argument):
                    return
        except (OSError, ValueError):
            return  # the client has gone

    def command(self, verb, argument):
        """Answers one command; False ends the session."""
        if verb == "QUIT":
            self.reply("221 2.0.0 Bye")
            return False
        if verb in ("EHLO", "HELO"):
            self.greeted = True
            self.reset()
            if verb == "EHLO":
                self.reply("250-localhost")
                self.reply("250-PIPELINING")
                self.reply("250-8BITMIME")
                self.reply("250-SMTPUTF8")
                self.reply("250-ENHANCEDSTATUSCODES")
                self.reply(f"250 SIZE {MESSAGE_OCTETS_MAX}")
            else:
                self.reply("250 localhost")
        elif verb == "NOOP":
            self.reply("250 2.0.0 OK")
        elif verb == "RSET":
            self.reset()
            self.reply("250 2.0.0 OK")
        elif verb == "VRFY":
            self.reply("252 2.5.2 Cannot say, but will accept")
        elif verb in ("MAIL", "RCPT", "DATA") and not self.greeted:
            self.reply("503 5.5.1 EHLO first")
        elif verb == "MAIL":
            self.mail(argument)
        elif verb == "RCPT":
            self.rcpt(argument)
        elif verb == "DATA":
            return self.data()
        else:
            self.reply("502 5.5.2 Command not recognized")
        return True

    def mail(self, argument):
        match = ADDRESS.match(argument)
        if match is None:
            self.reply("501 5.5.4 Syntax: MAIL FROM:<address>")
            return
        size = re.search(rb"SIZE=(\d+)", match.group(2), re.IGNORECASE)
        if size is not None and int(size.group(1)) > MESSAGE_OCTETS_MAX:
            self.reply("552 5.3.4 Message too big")
            return
        self.reset()
        self.utf8 = b"SMTPUTF8" in match.group(2).upper().split()
        if not self.may_be_named(match.group(1)):
            return
        self.sender = match.group(1).decode("utf-8", "surrogateescape")
        self.reply("250 2.1.0 OK")

    def may_be_named(self, address):
        """Addresses that are not ASCII are for mails with SMTPUTF8 (RFC 6531)."""
        if not address.isascii() and not self.utf8:
            self.reply("553 5.6.7 An address that is not ASCII needs SMTPUTF8")
            return False
        return True

    def rcpt(self, argument):
        match = ADDRESS.match(argument)
        if self.sender is None:
            self.reply("503 5.5.1 MAIL first")
        elif match is None or not match.group(1):
            self.reply("501 5.5.4 Syntax: RCPT TO:<address>")
        elif len(self.recipients) >= RECIPIENTS_MAX:
            self.reply("452 4.5.3 Too many recipients")
        elif self.may_be_named(match.group(1)):
            self.recipients.append(match.group(1).decode("utf-8", "surrogateescape"))
            self.reply("250 2.1.5 OK")

    def data(self):
        if not self.recipients:
            self.reply("503 5.5.1 RCPT first")
            return True
        self.reply("354 End with a dot on a line of its own")
        lines, size = [], 0
        while True:
            line = self.rfile.readline(LINE_OCTETS_MAX)
            if not line:
                return False  # broken off: nothing was accepted
            if line in (b".\r\n", b".\n"):
                break
            if line.startswith(b"."):
                line = line[1:]
            size += len(line)
            if size <= MESSAGE_OCTETS_MAX:
                lines.append(line)
        if size > MESSAGE_OCTETS_MAX:
            self.reply("552 5.3.4 Message too big")
        else:
            try:
                name = mail_save(self.server.folder, self.sender, self.recipients, b"".join(lines))
            except OSError as error:
                print(f"cannot save a mail: {error}", flush=True)
                self.reply("451 4.3.0 Cannot save it now")
            else:
                print(f"{name} {size} octets", flush=True)
                self.reply("250 2.0.0 Saved as " + name)
        self.reset()
        return True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--listen", required=True, metavar="ADDRESS:PORT")
    arguments.add_argument("--folder", required=True)
    options = arguments.parse_args()
    address, _, port = options.listen.rpartition(":")
    os.makedirs(options.folder, exist_ok=True)
    try:
        server = Server((address, int(port)), Session)
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"mail_catcher: cannot listen on {options.listen}: {error}")
    server.folder = options.folder
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {options.listen}, mails in {options.folder}", flush=True)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
