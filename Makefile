# The two commands of a newcomer are `make demo` and `make test`. Only Go and make are needed.
GO ?= go
BIN := bin

.PHONY: all build demo test lab race fuzz check bench fmt clean

all: build

build: ## bin/pre and bin/party
	$(GO) build -trimpath -o $(BIN)/pre ./cmd/preprocessor
	$(GO) build -trimpath -o $(BIN)/party ./cmd/party

demo: build ## three parties on this machine, real sockets, the whole protocol
	@sh scripts/demo.sh

test: ## every test; says at the end what was skipped and why
	$(GO) tool gotestsum --format pkgname -- ./...

lab: ## the whole NAT matrix and the faults in kernel namespaces (root; iproute2, nftables, conntrack, coturn): about 12 minutes
	TACIT_LAB=full $(GO) test -v -count=1 -timeout 20m -run 'TestKernel|TestPortMapping' ./natpunch
	TACIT_LAB=full $(GO) test -v -count=1 -timeout 40m -p 1 ./internal/natlab/...

race: ## the packages with goroutines, under the race detector (needs a C compiler)
	$(GO) test -race -timeout 20m -skip 'TestStrangers$$|TestMatrix|TestKernelMatrix|TestKernelExtra' ./channel/... ./coord ./internal/app ./internal/pathconn ./internal/stunconn ./natpunch ./relay
	$(GO) test -race -run 'Example|TestManyChunks|TestInterrupt|TestKilled|TestEarlyClose|TestProgress' ./mpc

fuzz: ## every fuzzer for FUZZTIME each
	sh scripts/fuzz.sh $(or $(FUZZTIME),10s)

check: ## what must be clean before a commit
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "run: make fmt"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

bench: ## figures: time, bytes and ratios, compared within one run
	$(GO) test -run '^$$' -bench . -benchmem ./...

fmt:
	gofmt -w .

clean:
	rm -rf $(BIN)
