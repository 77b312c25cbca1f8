# make report | make test | make lab: each sets up what is missing first. See README.md.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: report test lab notebooks api lock setup
report: setup
	$(BIN)/privacylab report

# Every part runs, also after one that failed; it fails in the end if any did.
test: setup
	@status=0; figures=$$(mktemp -d); set -x; \
	$(BIN)/ruff check || status=1; \
	$(BIN)/ruff format --check || status=1; \
	$(BIN)/mypy || status=1; \
	$(BIN)/pytest -n 2 --dist loadfile --doctest-modules privacylab tests || status=1; \
	PRIVACYLAB_FIGURES=$$figures TQDM_DISABLE=1 $(BIN)/pytest --nbval --nbval-current-env \
		--nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-kernel-startup-timeout 180 notebooks || status=1; \
	rm -rf "$$figures"; exit $$status

# Root is who works in most containers; Jupyter wants to hear that this is meant.
lab: setup
	$(BIN)/jupyter lab $$(test "$$(id -u)" -ne 0 || echo --allow-root) notebooks

# Runs the tracked notebooks in place and refreshes figures/, docs/replication.md and explore/recall.csv: review the difference like code.
notebooks: setup
	$(BIN)/python -c "from privacylab import paths, report; [report.refresh(path, corpus=paths.corpus()) for path in paths.notebooks()]"
	$(BIN)/python -c "import pandas; from privacylab.findings import replication; \
		print(replication.markdown(pandas.read_csv('figures/replication.csv')), end='')" > docs/replication.md
	$(BIN)/python -c "from privacylab import paths, tables; from privacylab.explore import others; \
		others.recall(tables.Corpus.open(paths.corpus()), paths.gold()).to_csv(others.RECALL, index=False)"

# The API's pages from the docstrings: api/index.html.
api: setup
	$(BIN)/pdoc --docformat google --no-show-source --template-directory docs/api --output-directory api privacylab

# Locks the dependencies of pyproject.toml anew (needs uv). No index address may stand in the lock.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --override requirements.override --output-file requirements.txt

setup: .venv/installed
.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "PrivacyLab needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "Setting up .venv: some 480 MB to download, 1.8 GB on disk, two to five minutes, once."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --progress-bar on --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
