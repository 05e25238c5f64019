# Every target works alone on a fresh clone: it first makes .venv with what it needs, at the versions of
# requirements.lock. Stamp files in .venv make the second run instant.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
# PySpark 4 in an environment of its own: PySpark 3.5 is in the other.
VENV4 := .venv4

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 18

.PHONY: demo
demo: $(VENV)/.viz ## Run a word count live, then on a simulated cluster that loses an executor
	@mkdir -p build
	$(BIN)/sparksim demo --figure build/demo.png

.PHONY: lab
lab: export SPARKSIM_LANG ?= en
lab: $(VENV)/.course ## Open the course in JupyterLab (in Chinese: make lab SPARKSIM_LANG=zh)
	$(BIN)/jupyter lab --notebook-dir=. lessons/$(SPARKSIM_LANG)/index.ipynb

.PHONY: test
test: $(VENV)/.test ## Run the tests, on all cores
	$(PYTEST) -n auto

.PHONY: test-spark
test-spark: $(VENV)/.test $(VENV)/.spark check-java ## Compare with real Spark (pyspark, Java 17)
	$(PYTEST) -n auto -m spark tests/spark

.PHONY: test-spark4
test-spark4: export SPARK4_PYTHON = $(CURDIR)/$(VENV4)/bin/python
test-spark4: $(VENV)/.test $(VENV4)/.spark4 check-java ## Compare streaming queries with real Spark 4 (Java 17)
	$(PYTEST) -m 'spark4 and not more' tests/spark4

.PHONY: test-spark4-more
test-spark4-more: export SPARK4_PYTHON = $(CURDIR)/$(VENV4)/bin/python
test-spark4-more: $(VENV)/.test $(VENV4)/.spark4 check-java ## The same with 270 queries more
	$(PYTEST) -m spark4 tests/spark4

.PHONY: test-databases
test-databases: $(VENV)/.test ## Write to a real MariaDB and PostgreSQL
	$(PYTEST) -m database tests/databases

.PHONY: test-kafka
test-kafka: $(VENV)/.test ## Talk to Kafka brokers over the wire
	$(PYTEST) -n auto -m kafka tests

.PHONY: test-recovery
test-recovery: $(VENV)/.test ## Kill drivers, real ones and simulated ones, and let them recover
	$(PYTEST) -n auto -m recovery tests

.PHONY: test-crashes
test-crashes: $(VENV)/.test ## Two thousand crash schedules of streaming queries (check-semantics tells 150 of them)
	$(PYTEST) -m crashes tests/recovery

.PHONY: test-papers
test-papers: $(VENV)/.test ## Check the shapes of the published figures
	$(PYTEST) -n auto -m paper tests

.PHONY: test-course
test-course: $(VENV)/.test $(VENV)/.nbgrader ## Grade solutions, exercises, typical mistakes and hostile submissions
	$(PYTEST) -n auto -m course tests/course

.PHONY: test-notebooks
test-notebooks: $(VENV)/.test $(VENV)/.course ## Run every lesson's notebook
	$(PYTEST) -n auto -m notebook tests/notebooks

.PHONY: test-notebooks-in-turns
test-notebooks-in-turns: $(VENV)/.test $(VENV)/.course ## The same, each lesson in one of the two languages
	$(PYTEST) -n auto -m 'notebook and not other_language' tests/notebooks

.PHONY: test-browser
test-browser: $(VENV)/.test $(VENV)/.browser check-chromium ## Look at the timeline in a real browser and in JupyterLab
	$(PYTEST) -m browser tests/browser

.PHONY: bench
bench: $(VENV)/.test $(VENV)/.bench ## Run the benchmarks (some of them: make bench BENCHES="state structured")
	$(BIN)/python -m bench $(BENCHES)

.PHONY: bench-lab
bench-lab: $(VENV)/.test $(VENV)/.browser check-chromium ## Measure a move of the lab's slider in a real browser
	$(BIN)/python -m bench.lab

FIDELITY = $(BIN)/sparksim fidelity tests/data/fidelity/*.json --source docs/fidelity-differences.md \
	--page docs/fidelity.md --batches docs/fidelity-batches.tsv

.PHONY: fidelity
fidelity: $(VENV)/.test ## Predict the recordings of real Spark and write docs/fidelity.md
	$(FIDELITY)

.PHONY: check-fidelity
check-fidelity: $(VENV)/.test ## Fail if docs/fidelity.md is not what the code produces
	$(FIDELITY) --check

.PHONY: semantics
semantics: $(VENV)/.test ## Tell eighteen thousand stories of crashes and write docs/semantics.md
	$(BIN)/sparksim semantics --page docs/semantics.md --findings docs/semantics-findings.tsv

.PHONY: check-semantics
check-semantics: $(VENV)/.test ## Tell a thousand of them again; fail if one breaks a promise or has changed
	$(BIN)/sparksim semantics --only "loss matrix" --runs 7 --check docs/semantics-findings.tsv
	$(BIN)/sparksim semantics --only "Kafka matrix" --runs 7 --check docs/semantics-findings.tsv
	$(BIN)/sparksim semantics --only "matrix of queries" --runs 3 --check docs/semantics-findings.tsv

.PHONY: fonts
fonts: $(VENV)/.test ## Make the bundled Chinese fonts again, from Debian's fonts-noto-cjk
	$(BIN)/python -m tools.fonts

.PHONY: lint
lint: $(VENV)/.test ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(VENV)/.test ## Format the code and sort the imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# One lock for all extras and for every supported Python. It has no hashes because pip takes none in constraints.
.PHONY: lock
lock: $(VENV)/.lock ## Refresh requirements.lock from pyproject.toml with the newest versions
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --all-extras --no-annotate \
		--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## Remove the environment, caches and built files
	rm -rf $(VENV) $(VENV4) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: check-java
check-java:
	@"$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | grep -q 'version "17[."]' || { \
		echo "make test-spark and make test-spark4 need Java 17: install openjdk-17-jre-headless, or set JAVA_HOME to a Java 17." >&2; \
		exit 1; }

.PHONY: check-chromium
check-chromium:
	@"$${CHROMIUM:-/usr/bin/chromium}" --version >/dev/null 2>&1 || { \
		echo "make test-browser needs Chromium: install chromium and fonts-wqy-microhei, or set CHROMIUM to its path." >&2; \
		exit 1; }

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "sparksim needs Python 3.10 or newer; choose one with: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.viz $(VENV)/.test $(VENV)/.spark $(VENV)/.course $(VENV)/.nbgrader $(VENV)/.browser $(VENV)/.bench: $(VENV)/.%: pyproject.toml requirements.lock | $(BIN)/python
	$(PIP_INSTALL) --constraint requirements.lock --editable '.[$*]'
	@touch $@

$(VENV4)/.spark4: tests/spark4/requirements.txt
	$(PYTHON) -m venv $(VENV4)
	$(VENV4)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(VENV)/.lock: | $(BIN)/python
	$(PIP_INSTALL) uv
	@touch $@
