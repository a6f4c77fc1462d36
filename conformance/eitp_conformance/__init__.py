"""The judge of clients and servers: cases as data, a runner, mutants and a report."""
