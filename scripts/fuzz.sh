#!/bin/sh
# Runs every fuzzer of the module for the time given, one after another.
set -eu
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Before Go 1.27 the end of the time itself may be reported as a failure, by accident of timing (go.dev/issue/75804). A fuzzer
# that found something says which input it wrote.
ended() {
	grep -q '^ *context deadline exceeded$' "$log" && ! grep -Eq 'Failing input written|panic:|fuzzing process' "$log"
}

for pkg in $(go list ./...); do
	dir=$(go list -f '{{.Dir}}' "$pkg")
	for name in $(cat "$dir"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p'); do
		echo "fuzz $pkg $name $time"
		if go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 1s "$pkg" >"$log" 2>&1; then
			cat "$log"
		else
			cat "$log"
			ended || exit 1
		fi
	done
done
