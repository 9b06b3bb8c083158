# Everything runs in a virtual environment of the project's own, made by the first target that needs it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FIXTURES := $(wildcard fixtures/*.wav fixtures/*.WAV fixtures/*.flac fixtures/*.ogg fixtures/*.mp3 fixtures/*.amr fixtures/*.gsm fixtures/*.ulaw)

.PHONY: score serve test check bench lab archive masking lengths calibrate agreement store-speed trends-speed experiments month load fuzz fixtures pages-speed clean

score: $(VENV)/installed  ## score the fixture calls and show the result
	$(BIN)/audioqa score $(FIXTURES)

serve: $(VENV)/installed  ## the service with the fixture calls, for this machine alone: http://127.0.0.1:8000
	$(BIN)/audioqa serve --no-sign-in --load fixtures --folder .cache/serve

test: check  ## lint, types and every test that is quick
	$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile

check: $(VENV)/developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed  ## speed and memory; writes the table in README
	$(BIN)/python -m audioqa.lab.bench --write README.md

lab: $(VENV)/installed  ## faults put into real two-party talk; writes docs/impairments.md, docs/recorder.md, docs/ledger.md, docs/phases.md
	$(BIN)/python -m audioqa.lab.impairments --fault-every 8
	$(BIN)/python -m audioqa.lab.recorder --most 12
	$(BIN)/python -m audioqa.lab.ledger --every 16
	$(BIN)/python -m audioqa.lab.phases

archive: $(VENV)/installed  ## an archive of 10,000 recordings, killed 20 times; a call of 12 hours; the throughput table in docs/archives.md
	$(BIN)/python -m audioqa.lab.archive --kill 20 --long 12 --throughput --write docs/archives.md

masking: $(VENV)/installed  ## masked clips of faulty calls: intelligibility, and faults found; writes docs/masking.md
	$(BIN)/python -m audioqa.lab.masking --most 3 --codecs none gsm --write docs/masking.md

lengths: $(VENV)/installed  ## silence, clipping and dropouts by length, fill and depth; writes docs/lab.md
	$(BIN)/python -m audioqa.lab.evaluate

calibrate: $(VENV)/installed  ## fit the maps to the narrowband-context scale
	$(BIN)/python -m audioqa.lab.calibrate

agreement: $(VENV)/installed  ## agreement with listeners on the rated set
	$(BIN)/python -m audioqa.lab.agreement

store-speed: $(VENV)/developer  ## a million calls in SQLite and PostgreSQL; writes the tables in docs/store.md
	$(BIN)/python -m audioqa.lab.store_speed --write docs/store.md

experiments: $(VENV)/installed  ## how often the interval of audioqa compare covers a planted difference; writes the table in docs/experiments.md
	$(BIN)/python -m audioqa.lab.experiment_coverage --write docs/experiments.md

month: $(VENV)/installed  ## a month of 200,000 made-up calls with planted facts, in .cache/month.db
	mkdir -p .cache && $(BIN)/python -m audioqa.lab.month --store .cache/month.db

trends-speed: $(VENV)/installed  ## trends over ten million calls; writes the table in docs/trends.md
	$(BIN)/python -m audioqa.lab.trends_speed --write docs/trends.md

load: $(VENV)/installed  ## the service under load: 50 uploads at once; 200 uploads, the server killed twice
	$(BIN)/python -m audioqa.lab.service_load --at-once 50 --killed 200

fuzz: $(VENV)/developer  ## the service asked at length by requests made up from its OpenAPI document
	$(BIN)/python -m audioqa.lab.service_fuzz --examples 200

fixtures: $(VENV)/installed  ## make the fixture calls anew
	$(BIN)/python fixtures/make.py

pages-speed: $(VENV)/installed  ## how long the pages take over a million calls
	$(BIN)/python -m audioqa.lab.pages_speed --write

clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# torch first and by its exact version: a looser request may take a build that needs a GPU.
$(VENV)/installed: pyproject.toml constraints.txt models/packages.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt torch==2.13.0
	$(BIN)/pip install -q -c constraints.txt -e .
	$(BIN)/pip install -q --no-deps -r models/packages.txt
	touch $@

$(VENV)/developer: $(VENV)/installed
	$(BIN)/pip install -q -c constraints.txt duckdb flask flask-cors httpx2 hypothesis 'moto[s3]' mypy onnx pandas 'psycopg[binary]' pyarrow pytest pytest-xdist ray \
	  ruff s3fs schemathesis scikit-learn
	touch $@
