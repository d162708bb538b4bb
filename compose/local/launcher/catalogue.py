# SPDX-License-Identifier: Apache-2.0
"""The demo catalogue: loaded once, remembered in the state; --shows N later adds what is missing to N.

Show ids are made of the day of the first load and the show's number, so that a load that was cut short can be done
again: what was there is noted, what was not is created.
"""

import datetime
import subprocess

from .accounts import username
from .help import SHOWS_DEFAULT
from .pipeline import ROOT
from .supervise import until

DAYS = 90  # how far ahead shows are
STALE_DAYS = 60  # after so long a new one is loaded beside it
INDEXED_SECONDS = 300  # how long the search may take to know all


def known(step, postgres, ids):
    """Whether the search knows all the shows just sent."""
    wanted = sum(1 for _ in open(ids, encoding="ascii"))
    found = postgres.sql("-At", input=f"""
CREATE TEMPORARY TABLE sent (show_id uuid);
\\copy sent from '{str(ids).replace("'", "''")}'
SELECT count(*) FROM sent JOIN catalog.show USING (show_id);
""", stdin=None, stdout=subprocess.PIPE, stderr=step.output).stdout.strip()
    step.write(f"in the search: {found} of {wanted}")
    return int(found) >= wanted


def catalogue_load(step, launcher, wanted):
    """wanted: how many shows there are to be, or None: as many as there are, or the default."""
    step.hint = "Try ./seatlog up again; what was loaded is kept. Logs: ./seatlog logs reservation indexer"
    state, postgres = launcher.state, launcher.here.postgres
    today = datetime.datetime.now(datetime.UTC).date()
    day, loaded = state.get("CATALOGUE_DAY"), int(state.get("CATALOGUE_SHOWS") or 0)
    shows = loaded if wanted is None else wanted
    if not day:
        day, shows = str(today), SHOWS_DEFAULT if wanted is None else wanted
    elif (today - datetime.date.fromisoformat(day)).days >= STALE_DAYS:
        day, loaded = str(today), 0
    if shows <= loaded:
        step.note = f"{loaded} shows, there"
        return
    state.set("CATALOGUE_DAY", day)
    owner = postgres.ask(f"SELECT user_id FROM account.person WHERE username = '{username('organizer')}'")
    if not owner:
        step.fail("there is no organizer")
    ids = state.folder / "catalogue.ids"
    with open(ids, "wb") as file:
        step.run(launcher.here.bin / "seatlog-catalogue",
                 f"--kafka.bootstrap.servers={launcher.here.values()['KAFKA']}",
                 f"--data_folder={ROOT / 'tools' / 'catalogue' / 'data'}", f"--owner_id={owner}", f"--first_day={day}",
                 f"--days={DAYS}", f"--first_show={loaded}", f"--shows={shows}", stdout=file)
    if not until(lambda: known(step, postgres, ids), INDEXED_SECONDS, 0.3):
        step.fail()
    postgres.sql("-c", "ANALYZE catalog.show")
    state.set("CATALOGUE_SHOWS", shows)
    step.note = f"{shows} shows over the {DAYS} days from {day}"
