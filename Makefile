# Two commands do all the set-up: `make scan` (the field device's part only) and `make test`.

PYTHON ?= python3
VENV ?= .venv
RESULTS ?= scan-results
DATA ?= ../shared/data
# On a Raspberry Pi, numpy, OpenCV and picamera2 are the OS's own.
SYSTEM := $(if $(filter aarch64 armv7l,$(shell uname -m)),--system-site-packages)
PIP := $(VENV)/bin/pip --disable-pip-version-check --quiet
ROOMS := crackscan.core crackscan.edge crackscan.train crackscan.convert $(addprefix crackscan.benchmarks.,contenders peers growth roof)
BENCHMARKS := side_by_side how_cost_grows roofline scaling stems boards
SETUP := setup.cfg pyproject.toml

.PHONY: scan test test-edge lint contracts counts types system bench test-arm64 golden reference model-s model-m clean

scan: $(VENV)/.edge
	$(VENV)/bin/crackscan scan samples --out $(RESULTS) --overwrite

test: $(VENV)/.test
	$(VENV)/bin/pytest -n auto

# The device's own tests, without TensorFlow and the optional packages.
test-edge: $(VENV)/.test-edge
	$(VENV)/bin/pytest -n auto tests/core tests/edge

lint: $(VENV)/.test contracts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python .ci/check_words.py

# How many functions are named by one word, types defined twice, and the like: REVISIONS, or HEAD.
counts: $(VENV)/.test
	$(VENV)/bin/python .ci/count_names.py $(REVISIONS)

# Imports point down only (setup.cfg, [importlinter]).
contracts: $(VENV)/.test
	$(VENV)/bin/lint-imports --config setup.cfg

# The checkout is the package: mypy finds it by name through a link.
types: $(VENV)/.test
	mkdir -p build/types && ln -sfn ../.. build/types/crackscan
	cd build/types && MYPYPATH=. ../../$(VENV)/bin/mypy --config-file ../../setup.cfg \
	  $(BENCHMARKS:%=-m crackscan.benchmarks.%) $(ROOMS:%=-p %)

system: $(VENV)/.test
	$(VENV)/bin/pytest -m system

# The edge on what Pis run, in chroots under emulation (as root; mmdebstrap, qemu-user-static).
# SUITE is bookworm, trixie, armhf (32-bit Bookworm) or all; PARTS some of readme, golden, tests
# and bundle; TESTS is quick or all.
SUITE ?= all
PARTS ?= readme golden tests bundle
TESTS ?= quick
test-arm64: $(VENV)/.test
	$(VENV)/bin/python tests/arm64/prove.py $(SUITE) --parts $(PARTS) --tests $(TESTS) --page docs/arm64.md

# crackscan beside what one would use instead (about an hour, on a quiet machine), then the roofline
# and how cost grows. Environments and model files stay in build/bench.
RESULTS_OF_BENCH ?= build/bench/results
bench: $(VENV)/.test
	$(VENV)/bin/python benchmarks/side_by_side.py --out $(RESULTS_OF_BENCH) $(if $(wildcard $(DATA)),--data $(DATA))
	$(VENV)/bin/python benchmarks/roofline.py --out $(RESULTS_OF_BENCH)
	$(VENV)/bin/python benchmarks/stems.py --out $(RESULTS_OF_BENCH)
	$(VENV)/bin/python benchmarks/scaling.py --out $(RESULTS_OF_BENCH)
	$(VENV)/bin/python benchmarks/boards.py --out $(RESULTS_OF_BENCH)
	$(VENV)/bin/python benchmarks/how_cost_grows.py --out $(RESULTS_OF_BENCH)

# What the shipped models say of the samples, kept for comparison on other machines; after each
# change of a model.
golden: $(VENV)/.test
	for model in models/*.tflite; do kept=tests/data/golden/$$(basename $$model .tflite); \
	  $(VENV)/bin/crackscan-convert golden $$model samples --keep $$kept.npz && \
	  $(VENV)/bin/crackscan-convert golden $$model samples --built-in --keep $$kept.built-in.npz \
	  || exit 1; done

# The shipped models again, from the data folder to the file (hours on a CPU; see the README).
model-s: runs/crack-m/model.keras
model-m: runs/teacher/model.keras
runs/crack-m/model.keras:
	$(MAKE) model-m
runs/teacher/model.keras: $(VENV)/.test
	$(VENV)/bin/crackscan-train model teacher $(DATA) --out runs/teacher
model-s model-m: model-%: $(VENV)/.test
	$(VENV)/bin/crackscan-train model crack-$* $(DATA) --out runs/crack-$*
	$(VENV)/bin/crackscan-convert quantize runs/crack-$* --out models/crack-$*.tflite
	$(VENV)/bin/crackscan-train operating-points models/crack-$*.tflite $(DATA)
	$(VENV)/bin/crackscan-convert verify models/crack-$*.tflite runs/crack-$*

# The module reference, from docstrings, into build/reference.
reference: $(VENV)/.test
	$(PIP) install --editable '.[docs]'
	$(VENV)/bin/pdoc --output-directory build/reference crackscan crackscan.core crackscan.edge crackscan.train crackscan.convert

clean:
	rm -rf $(VENV) build dist *.egg-info $(RESULTS)

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "crackscan needs Python 3.11 or newer; this is $$($(PYTHON) -V)"; exit 1; }
	@[ "$$(uname -m) $$(getconf LONG_BIT)" != "aarch64 32" ] \
	  || { echo "this system is 32-bit on a 64-bit kernel, which no runtime fits: install 64-bit Raspberry Pi OS"; exit 1; }
	@$(PYTHON) -m venv $(SYSTEM) $(VENV) \
	  || { rm -rf $(VENV); echo "Python cannot make an environment; try: sudo apt install python3-venv"; exit 1; }

$(VENV)/.edge: $(VENV)/bin/pip $(SETUP)
	$(PIP) install --editable .
	touch $@

$(VENV)/.test-edge: $(VENV)/bin/pip $(SETUP)
	$(PIP) install --editable '.[test-edge]'
	touch $@ $(VENV)/.edge

$(VENV)/.test: $(VENV)/bin/pip $(SETUP)
	$(PIP) install --editable '.[test]'
	touch $@ $(VENV)/.test-edge $(VENV)/.edge
