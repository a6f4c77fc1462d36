# Every target is one command; what it does in detail stands in tools/.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check generate docs bench
PYTHON ?= python3
export PYTHON

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/.setup ## Install the project and its tools into .venv
	@echo "Ready: the commands are in .venv/bin"

.venv/.setup: pyproject.toml tools/setup
	@tools/setup server,dev,parquet
	@touch .venv/.server $@

.venv/.server: pyproject.toml tools/setup
	@tools/setup server
	@touch $@

demo: .venv/.server ## Start the server, a demo shop and its shoppers, and show what happens
	@.venv/bin/eitp-server demo

test: .venv/.setup ## Run all tests
	@tools/system-packages
	@.venv/bin/pytest

check: .venv/.setup ## Run every static check: schema, format, lint, types, imports, generated code
	@tools/check

generate: .venv/.setup ## Write the Python code of proto/
	@.venv/bin/python tools/generate.py

docs: ## Say where the documentation is
	@echo "There is no site to build yet. The reference of the protocol is the comments in"
	@echo "proto/eitp/v1; the guides are in docs/."

bench: .venv/.setup ## Measure ingest, restart, decisions and the index on this machine, as JSON
	@tools/system-packages
	@.venv/bin/eitp-server lab bench ingest --json
	@.venv/bin/eitp-server lab bench restart
	@.venv/bin/eitp-server lab bench decide --json
	@.venv/bin/eitp-server lab bench index --json
