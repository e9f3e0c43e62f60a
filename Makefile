# Every target makes what it needs first: nothing has to be done before `make demo` or `make test`.
PY := .venv/bin/python
WORKERS ?= 2

# Without compiled files on disk each start of cvkit compiles them again, and measured times are wrong.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup yolo demo gallery test quick lint docs bench clean

help:
	@echo "make demo     run the main jobs on real pictures and a video, and say where the results are"
	@echo "make gallery  make a sheet per topic of what every stage does"
	@echo "make test     run the whole test suite"
	@echo "make quick    run the tests that take under two minutes"
	@echo "make lint     check style, types and who imports whom"
	@echo "make docs     generate the reference in build/docs"
	@echo "make bench    measure the budgets (RUNS=--quick for fewer runs, BUDGETS='1 2 5' for some)"
	@echo "make setup    make .venv and install this checkout in it"
	@echo "make yolo     make .venv-yolo (2.3 GB), with which the tests export YOLO checkpoints"
	@echo "make clean    remove what the other targets made, .venv excepted"

setup:
	@bash .ci/setup

yolo: setup
	@bash .ci/setup-yolo

demo: setup
	$(PY) samples/demo.py

gallery: setup
	$(PY) samples/gallery.py

test: setup
	$(PY) -m pytest -n $(WORKERS) -m "not serial"
	$(PY) -m pytest -m serial

quick: setup
	$(PY) -m pytest -n $(WORKERS) -m "not slow and not serial" --hypothesis-profile=quick

lint: setup
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports

docs: setup
	$(PY) -m cvkit.cli.docs

bench: setup
	$(PY) -m tests.bench $(RUNS) $(BUDGETS)

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find cvkit tests samples -name __pycache__ -type d -prune -exec rm -rf {} +
