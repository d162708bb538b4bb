# SPDX-License-Identifier: Apache-2.0
"""The demo accounts: a buyer, an organizer and an operator, with passwords of this installation."""

import http.client
import json

ROLES = {"buyer": "{buyer}", "organizer": "{buyer,organizer}", "operator": "{buyer,operator}"}


def username(name):
    return f"{name}@example.com"


def signup(step, port, person):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    try:
        connection.request("POST", "/signup", json.dumps(person), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        step.fail(f"POST /signup: {error}")
    finally:
        connection.close()
    step.write(text)
    if answer.status >= 400:
        step.fail(f"POST /signup was answered {answer.status}")


def accounts_make(step, launcher):
    """Signs each up as anybody would, unless there is one, and gives the roles: no call does that, because they are an
    administrator's to give."""
    step.hint = "Does the API answer? Its log: ./seatlog logs ingest-api"
    postgres, state = launcher.here.postgres, launcher.state
    for name, roles in ROLES.items():
        if postgres.ask(f"SELECT count(*) FROM account.person WHERE username = '{username(name)}'") == "0":
            signup(step, state.port("HTTP"), {"username": username(name), "location": "Chico",
                                              "password": state.secret(f"DEMO_{name.upper()}")})
        state.secret(f"DEMO_{name.upper()}")
        postgres.sql("-c", f"UPDATE account.person SET roles = '{roles}' WHERE username = '{username(name)}' "
                     f"AND roles <> '{roles}'", stdout=step.output, stderr=step.output)
    step.note = ", ".join(ROLES)
