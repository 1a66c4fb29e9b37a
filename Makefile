# Everything a developer does with Postern. What is missing is installed on the
# way: Go modules, npm packages and, with apt-get, Java and Chromium.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Named one by one because ./... would walk into node_modules.
PACKAGES := ./functions/... ./infra/... ./shared/...

FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))

export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

# The CDK's kernel runs on the Node that package.json pins.
export JSII_NODE := $(CURDIR)/node_modules/.bin/node

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- Setting up ---------------------------------------------------------------

.PHONY: setup java chromium
setup: .build/modules node_modules/.package-lock.json java ## install what is missing

.build/modules: go.mod go.sum
	@mkdir -p $(@D)
	@go mod download
	@touch $@

node_modules/.package-lock.json: package-lock.json package.json
	@npm ci --silent
	@touch $@

# apt-install names the Debian packages $(1) that provide $(2), and installs
# them where that is possible.
define apt-install
	if ! command -v apt-get >/dev/null; then echo "Postern needs $(2): install it, then try again." >&2; exit 1; fi; \
	if [[ $$(id -u) = 0 ]]; then as=; elif command -v sudo >/dev/null; then as=sudo; \
	else echo "Postern needs $(2): have an administrator run apt-get install $(1)." >&2; exit 1; fi; \
	log=$$(mktemp); \
	if ! { $$as apt-get -qq update && \
	  $$as env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(1); } >"$$log" 2>&1; \
	then cat "$$log" >&2; rm -f "$$log"; exit 1; fi; rm -f "$$log"
endef

# DynamoDB Local runs on it; its launcher is compiled once.
java:
	@if ! javac -version 2>&1 | grep -E '^javac (1[7-9]|[2-9][0-9])' >/dev/null; then \
	  $(call apt-install,openjdk-17-jdk-headless,a Java 17 JDK or newer); fi

# The browser tests run in it.
chromium:
	@if ! command -v chromium >/dev/null; then $(call apt-install,chromium,Chromium); fi

# --- Generated files ----------------------------------------------------------

.PHONY: generate assets
# From the root: templ writes file names relative to where it starts.
generate: ## write the *_templ.go files anew
	@go tool templ generate -log-level error

assets: node_modules/.package-lock.json ## bundle scripts and styles
	@npm run --silent assets

# --- Running ------------------------------------------------------------------

.PHONY: run reset bench rehearse pictures
run: setup assets ## start the portal on http://localhost:8080
	@go run ./infra/local serve

reset: ## forget the local data
	@rm -rf "$${POSTERN_STATE:-.local}"

bench: setup assets ## print the figures that count
	@go run ./infra/local bench

# Needs no account: nothing leaves the machine.
rehearse: setup build ## deploy and destroy with a stand-in for AWS
	@go run ./infra/local rehearse

pictures: setup assets chromium ## take the README's pictures
	@npx --no-install playwright test -c infra/local/browser/pictures.config.ts

# --- Building -----------------------------------------------------------------

.PHONY: build synth
# One go build for all, so that its cache and its parallelism serve all. No
# version stamp: it would give unchanged code a new hash, and so a deployment.
build: .build/modules assets ## build the functions for Lambda, and the CDK app
	@GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc \
	  -ldflags "-s -w" -o .build/functions/ ./functions/...
	@rm -rf .build/lambda
	@for f in $(FUNCTIONS); do mkdir -p .build/lambda/$$f && ln .build/functions/$$f .build/lambda/$$f/bootstrap; done
	@for f in $(FUNCTIONS); do \
	  echo "$$f $$(gzip -c .build/lambda/$$f/bootstrap | wc -c)"; done | \
	  awk '{ printf "%-20s %5.2f MB zipped\n", $$1, $$2 / 1e6 }'
	@go build -o .build/infra ./infra

# cdk.json builds before it synthesises. cfn-lint is Python's: it looks at the
# template where somebody has installed it. W3005 minds an order that follows from
# a reference as well; it is said where it is meant, whatever the references are.
synth: setup ## write the CloudFormation template to cdk.out
	@CDK_DISABLE_CLI_TELEMETRY=true npx --no-install cdk synth --quiet
	@if command -v cfn-lint >/dev/null; then cfn-lint --ignore-checks W3005 -- cdk.out/*.template.json; fi

# --- Checking -----------------------------------------------------------------

.PHONY: test check check-format check-generated check-vet check-scripts test-go test-local test-infra test-browser
test: setup assets check test-go test-local test-infra synth test-browser ## everything that must pass
	@echo "make test: everything passed."

check: check-format check-generated check-vet check-scripts ## what needs no test run

check-format:
	@unformatted=$$(gofmt -l functions infra shared); \
	if [[ -n $$unformatted ]]; then printf 'Not gofmt-ed:\n%s\n' "$$unformatted" >&2; exit 1; fi

# Generates into a copy, so that the work tree stays as it is.
check-generated:
	@rm -rf .build/templ && mkdir -p .build/templ
	@find functions infra shared -name '*.templ' | tar -cf - -T - | tar -xf - -C .build/templ
	@go tool templ generate -path .build/templ -log-level error
	@stale=0; while read -r f; do \
	  cmp -s "$$f" ".build/templ/$$f" || { echo "$$f is stale: run make generate." >&2; stale=1; }; \
	done < <({ cd .build/templ && find . -name '*_templ.go' && cd ../.. && find ./functions ./infra ./shared -name '*_templ.go'; } | sort -u); \
	exit $$stale

check-vet:
	@go vet $(PACKAGES)
	@go tool staticcheck $(PACKAGES)

check-scripts: node_modules/.package-lock.json
	@npm run --silent check-types

# One engine in memory serves all packages: each test has a portal of its own.
test-go: setup assets
	@go run ./infra/testdb go test -race $$(go list $(PACKAGES) | grep -vE '^postern/infra(/local(/.*)?)?$$')

test-local: setup assets
	@go test -timeout 30m ./infra/local/...

# Without -race: the CDK's packages are huge, and nothing in them runs at once.
test-infra: setup
	@go test ./infra

test-browser: setup assets chromium
	@npx --no-install playwright test -c infra/local/browser
