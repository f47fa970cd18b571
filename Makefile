# Culvert. `make help` lists what there is to do.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LISTEN  ?= 127.0.0.1:8765
DATA    ?= culvert-data
FIXTURES ?=
# Packages that link the Cloudflare SDK: too big for the race detector here.
SDK_PACKAGES = ./cloudflare ./cloudflare/conformance ./cmd/...
# The image's binary is static, so it has no resolver and no extensions of C. These
# tags are set for everything: what is tested is what is shipped, compiled once.
export GOFLAGS := $(strip $(GOFLAGS) -tags=netgo,osusergo,sqlite_omit_load_extension)
PACKAGES = $(shell go list ./... | grep -v -e /cloudflare$$ -e /cloudflare/conformance$$ -e /cmd/ -e /internal/standin/cmd/)

.PHONY: help run dev generate assets lint test bench lab acceptance conformance build compose image clean need-go need-cc need-npm

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, start the dashboard on 127.0.0.1:8765 and print the link
	bin/culvert serve --listen $(LISTEN) --data $(DATA)

dev: assets ## as run, rebuilt and restarted when a template changes
	go tool templ generate --watch --cmd "go run ./cmd/culvert serve --listen $(LISTEN) --data $(DATA)"

generate: ## write the generated code again
	go tool templ generate -path web

assets: need-npm web/static/vendor/htmx.js ## fetch the front-end packages

web/static/vendor/htmx.js: web/package.json web/package-lock.json web/vendor.sh
	sh web/vendor.sh

lint: need-go ## vet, staticcheck, gofmt
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go tool staticcheck ./...

test: need-go need-cc assets ## everything; what needs Docker, a browser or Django says SKIP without (REQUIRE=docker,browser,django: fails)
	go test -timeout 60m ./...

race: need-go need-cc ## the tests again under the race detector, without the Cloudflare SDK
	go test -race $(PACKAGES)

bench: need-go need-cc ## the benchmarks
	go test -run '^$$' -bench . -benchmem $(PACKAGES)

lab: need-go need-cc assets ## only the tests on a real Docker engine and in a browser
	REQUIRE=docker,browser,django go test -count=1 -timeout 30m ./lab/... ./e2e/...

acceptance: need-go need-cc assets ## the lab's journey on compose and env files of FIXTURES=dir
	@test -n "$(FIXTURES)" || { echo "say where the files are: make acceptance FIXTURES=dir"; exit 1; }
	REQUIRE=docker,browser,django FIXTURES=$(abspath $(FIXTURES)) go test -count=1 -timeout 30m -run 'Journey|WholeFiles|Real' ./e2e/... ./lab/... ./stackfile/... ./files/...

conformance: need-go ## the rows of the API against the real one: CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_ZONE_ID (DISPOSABLE=1: also what is account-wide)
	go test -count=1 -v -timeout 60m -run '^TestRows$$' ./cloudflare/conformance -live $(if $(DISPOSABLE),-disposable-account)

build: need-go need-cc assets ## the program, at bin/culvert
	go build -ldflags "-s -w -X main.version=$(VERSION)" -o bin/culvert ./cmd/culvert

compose: need-go ## the Compose command for the tests and the image, in the user's cache
	@env -u COMPOSE_BINARY go run ./lab/cmd/compose

image: need-go need-cc assets ## a container image FROM scratch, with the Compose command in it
	rm -rf bin/image && mkdir -p bin/image/usr/bin bin/image/etc/ssl/certs bin/image/tmp
	CGO_ENABLED=1 go build -ldflags '-linkmode external -extldflags -static -s -w -X main.version=$(VERSION)' -o bin/image/usr/bin/culvert ./cmd/culvert
	cp "$$($(MAKE) --no-print-directory compose)" bin/image/usr/bin/docker-compose
	cp /etc/ssl/certs/ca-certificates.crt bin/image/etc/ssl/certs/
	chmod 1777 bin/image/tmp
	docker build -t culvert:$(VERSION) -t culvert:latest .

clean: ## remove what was built
	rm -rf bin web/static/vendor web/node_modules

need-go:
	@command -v go >/dev/null || { echo "Go is missing: install it from https://go.dev/dl/ ($$(sed -n 's/^go /version /p' go.mod) or newer)."; exit 1; }

need-cc:
	@command -v $${CC:-cc} >/dev/null || { echo "A C compiler is missing: SQLite is built with it. On Debian or Ubuntu: apt-get install gcc libc6-dev"; exit 1; }

need-npm:
	@command -v npm >/dev/null || { echo "npm is missing: it fetches two small scripts for the pages. On Debian or Ubuntu: apt-get install npm"; exit 1; }
