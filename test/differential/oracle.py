"""Run in Odoo's shell: creates the world, its changes, random requests, and their expected answers. It reads and writes
one JSON object per line, over the socket at file descriptor 3.
"""

import json
import os
import socket
import sys
import traceback

sys.path.insert(0, os.environ["ORACLE_DIR"])

import world  # noqa: E402
from expectation import expect  # noqa: E402
from generator import Generator  # noqa: E402

from odoo import SUPERUSER_ID, api  # noqa: E402


class Oracle:
    def __init__(self, registry):
        self.registry = registry

    def build(self, seed):
        with self.changing() as env:
            return world.build(env, seed)

    def change(self, seed, epoch, users):
        with self.changing() as env:
            changed = world.change(env, seed, epoch, users)
            # A worker does this when it loads the changed registry; it affects how the ORM searches attachments.
            env.registry.check_null_constraints(env.cr)
            return changed

    def cases(self, seed, numbers, users):
        with self.reading(SUPERUSER_ID, {}) as env:
            generator = Generator(env)
            companies = env["res.company"].search([], order="id", limit=2).ids
            return [generator.case(seed, number, users, companies) for number in numbers]

    def expect(self, questions):
        return [self.expect_one(question) for question in questions]

    def expect_one(self, question):
        if "must_be" in question:
            return {"status": question["must_be"], "why": "never exposed"}
        try:
            with self.reading(question["uid"], question["context"]) as env:
                return expect(env, question)
        except Exception as exc:
            # Odoo itself cannot answer this. The API may fail as well, but must report the failure.
            return {"status": 0, "why": "".join(traceback.format_exception_only(exc))}

    def reading(self, uid, context):
        self.registry = self.registry.check_signaling()
        return _Environment(self.registry, uid, context, read_only=True)

    def changing(self):
        self.registry = self.registry.check_signaling()
        return _Environment(self.registry, SUPERUSER_ID, {}, read_only=False)


class _Environment:
    def __init__(self, registry, uid, context, read_only):
        self.registry, self.uid, self.context, self.read_only = registry, uid, context, read_only

    def __enter__(self):
        self.cr = self.registry.cursor()
        if self.read_only:
            self.cr.execute("set transaction read only")
        return api.Environment(self.cr, self.uid, self.context)

    def __exit__(self, kind, _exc, _traceback):
        if kind is None and not self.read_only:
            self.cr.commit()
            self.registry.signal_changes()
        elif not self.read_only:
            self.registry.reset_changes()
        self.cr.close()


def serve(oracle):
    with socket.socket(fileno=3) as connection, connection.makefile("r") as lines:
        for line in lines:
            request = json.loads(line)
            try:
                answer = {"result": getattr(oracle, request["do"])(**request["with"])}
            except Exception:
                answer = {"error": traceback.format_exc()}
            connection.sendall(json.dumps(answer).encode() + b"\n")


serve(Oracle(env.registry))  # noqa: F821  Odoo's shell provides it
