"""One unit from claim to result: checkout, agent, check, hand-in, whatever happens."""
