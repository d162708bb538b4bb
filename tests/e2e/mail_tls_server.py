# SPDX-License-Identifier: Apache-2.0
"""A mail server with STARTTLS and AUTH, over Twisted: mail_tls_server.py PORT FOLDER CERTIFICATE KEY USER PASSWORD

Every mail that was accepted is a file in FOLDER. With a USER nobody sends without having logged in, and nobody logs in
without TLS.
"""

import itertools
import pathlib
import sys

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import defer, reactor, ssl
from twisted.mail import smtp
from twisted.mail.imap4 import LOGINCredentials, PLAINCredentials
from zope.interface import implementer

port, folder, certificate, key, user, password = sys.argv[1:7]
numbers = itertools.count(1)


@implementer(smtp.IMessage)
class Message:
    def __init__(self):
        self.lines = []

    def lineReceived(self, line):
        self.lines.append(line)

    def eomReceived(self):
        name = f"{next(numbers):06d}.eml"
        unfinished = pathlib.Path(folder) / f".{name}"
        unfinished.write_bytes(b"\r\n".join(self.lines) + b"\r\n")
        unfinished.rename(pathlib.Path(folder) / name)
        return defer.succeed(None)

    def connectionLost(self):
        self.lines = []


@implementer(smtp.IMessageDelivery)
class Delivery:
    def receivedHeader(self, helo, origin, recipients):
        return b"Received: by tests"

    def validateFrom(self, helo, origin):
        return origin

    def validateTo(self, user):
        return Message


@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatar_id, mind, *interfaces):
        return smtp.IMessageDelivery, Delivery(), lambda: None


class Server(smtp.ESMTP):
    def extensions(self):
        found = super().extensions()
        if not self.startedTLS:
            found.pop(b"AUTH", None)
        return found


class Factory(smtp.SMTPFactory):
    protocol = Server

    def buildProtocol(self, address):
        context = ssl.DefaultOpenSSLContextFactory(key, certificate)
        server = Server(chal={b"LOGIN": LOGINCredentials, b"PLAIN": PLAINCredentials}, contextFactory=context)
        server.factory = self
        if user:
            checker = InMemoryUsernamePasswordDatabaseDontUse()
            checker.addUser(user.encode(), password.encode())
            server.portal = Portal(Realm(), [checker])
        else:
            server.delivery = Delivery()
        return server


reactor.listenTCP(int(port), Factory(), interface="127.0.0.1")
reactor.run()
