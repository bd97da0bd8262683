# The whole interface of the project: `make` alone lists it. CI runs `.ci/run`, which calls nothing but these.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build weights pictures demo test line-test page-test page-pace page-soak plant-test page-shots fuzz mutants faults soak vm-test check format parity bench evaluate backbone man deb clean

# One build folder and one set of flags for the programs and the tests, so that nothing is compiled twice. `swift build
# --build-tests` would compile everything once more for `@testable`, which no test here needs.
SWIFT_FLAGS := -c release --explicit-target-dependency-import-check error
SWIFT_SOURCES := Package.swift Sources Tests
BIN := .build/release

# What `make fuzz` takes: seconds for each target, and which ones (default: all).
export FUZZ_SECONDS FUZZ_TARGETS

# What `make demo` takes: PARTS (at most 60), RATE (parts a second), SEED, BACKBONE, SIZE, PAGE (port).
export PARTS RATE SEED BACKBONE SIZE PAGE
# What `make faults` and `make soak` take.
export KILLS FOLDER_FILES SOAK_MINUTES
# What `make line-test` takes; PARTS as the demo, KILLS as `make vm-test`. Of `make page-pace` and `page-soak`: PARTS, RATE.
export READS MUTANTS LINES OUTAGE
# What `make vm-test` takes, of the case io, besides RATE and KILLS.
export TRIGGERS
# What `make plant-test` takes.
export PLANT_SECONDS STATIONS

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup:  ## Install what a build needs (Debian packages); quick when it is there
	@Tools/setup.sh

build: setup  ## Build fsacd, fsacctl and fsac-gateway
	@swift build $(SWIFT_FLAGS)

weights: build  ## Fetch the backbones' weights and import them into models/
	@Tools/fetch_weights.sh

pictures: setup  ## Fetch the demo's pictures into .cache/
	@Tools/fetch_demo_pictures.sh

demo: weights pictures  ## Inspect up to 60 real parts: PARTS=60 RATE=2
	@Tools/demo/run.sh

# Those that start programs by themselves: others have over a thousand connections open, and with so many files Foundation's
# Process.run may read where no memory is.
test: weights pictures  ## Run all tests
	@swift test $(SWIFT_FLAGS) --disable-testable-imports --skip EndToEndTests
	@swift test $(SWIFT_FLAGS) --disable-testable-imports --skip-build --filter EndToEndTests

line-test: weights pictures  ## Test the gateway with PLCs, brokers and web servers on the loopback interface: PARTS=10000 READS=1000000 MUTANTS=1000000 KILLS=50 LINES=100000 OUTAGE=100000 TESTS="ModbusTest"
	@Tests/Line/run.sh $(TESTS)

page-test: weights pictures  ## Test the operator's page in a browser: TESTS="PageTest.test_names_of_files_are_text"
	@Tests/Page/run.sh test $(TESTS)

page-pace: weights pictures  ## Time the page: verdict to screen, what 16 screens cost, the nearest good patch: RATE=10
	@Tests/Page/run.sh pace

page-soak: weights pictures  ## Measure the page's memory over as many parts as a long shift has: PARTS=28800 RATE=60
	@Tests/Page/run.sh soak

plant-test: weights pictures  ## Collect from 200 simulated stations with Debian's Prometheus: PLANT_SECONDS=60 STATIONS=200
	@Tests/Plant/run.sh

page-shots: weights pictures  ## Draw the page in six states and four sizes into .build/page-shots
	@Tests/Page/run.sh shots

mutants: setup  ## Feed 10,000 damaged camera frames to the JPEG decoder, under sanitizers
	@Tests/MJPEG/run.sh

fuzz: setup  ## Feed damaged inputs to everything that reads bytes of others: FUZZ_SECONDS=600 FUZZ_TARGETS="model pickle"
	@Tests/Fuzz/run.sh

faults: weights pictures  ## Run the daemon against the faults of docs/faults.md, as root: ROWS="S8 S9" KILLS=40 FOLDER_FILES=1500
	@Tools/setup.sh rsync python3-pyftpdlib
	@Tests/Faults/run.py $(ROWS)

soak: weights  ## Inspect for hours with a fault each minute: SOAK_MINUTES=480
	@Tests/Faults/soak.py

check: setup  ## Formatting, architecture, scripts; a build without a warning
	@swift format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	@Tools/check_architecture.py
	@Tools/check_scripts.sh
	@Tests/Faults/table.py
	@swift build $(SWIFT_FLAGS)

format:  ## Format the Swift sources in place
	@swift format --in-place --recursive --parallel $(SWIFT_SOURCES)

parity: build  ## Compare CLIP at full size with open_clip on the same random weights: MODELS="ViT-L-14-336"
	@Benchmarks/parity.sh

bench: weights pictures  ## Time the backbones and the way of a camera's frame to them, beside other programs
	@Benchmarks/run.sh

evaluate: weights pictures  ## Measure accuracy; DATA="DIR..." for other pictures in MVTec AD's layout
	@Tools/evaluate.sh $(DATA)

backbone: weights  ## Train a backbone for detection (asks first); PICTURES="DIR..." for own pictures
	@Tools/backbone/run.sh

deb: weights man  ## Debian packages into .build/deb/, with the weights that are in models/
	@Tools/setup.sh debhelper lintian patchelf
	@Tools/make_deb.sh

vm-test: deb pictures  ## Install the package in a virtual machine and test cameras, systemd and power cuts; CASES="io" TRIGGERS=1000 RATE=10 KILLS=50
	@Tests/VM/run.sh $(CASES)

man: build  ## Man pages and shell completions into .build/man and .build/completions
	@Tools/make_manual.sh

clean:  ## Remove what was built and what the demo left; keeps models/ and .cache/
	@rm -rf .build .demo
