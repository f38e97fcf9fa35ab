"""How the work stands and how it went: what dashboard and report show. Pure: from plan, journal, landings."""
