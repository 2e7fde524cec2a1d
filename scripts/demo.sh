#!/bin/sh
# Three parties on this machine: a coordinator and three party processes over real UDP sockets, the whole protocol.
set -eu
dir=$(mktemp -d)
pids=
cleanup() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	rm -rf "$dir"
}
trap cleanup EXIT INT TERM

bin/pre --parties=3 --listen=127.0.0.1:0 --relay=false >"$dir/pre.out" 2>"$dir/pre.err" &
pre=$!
pids=$pre
n=0
until grep -q '^ticket 2: ' "$dir/pre.out"; do
	kill -0 "$pre" 2>/dev/null || { cat "$dir/pre.err" >&2; exit 1; }
	n=$((n + 1))
	[ "$n" -le 100 ] || { echo "demo: pre printed no tickets" >&2; exit 1; }
	sleep 0.1
done
echo "\$ pre --parties=3"
sed -n '1,2p' "$dir/pre.out"

i=0
for input in 123u32 456u32 789u32; do
	ticket=$(sed -n "s/^ticket $i: //p" "$dir/pre.out")
	echo "\$ party --ticket=tacit1... --program=examples/add3.gb --input=$input"
	TACIT_TICKET=$ticket bin/party --program=examples/add3.gb --input="$input" >"$dir/out$i" 2>"$dir/err$i" &
	eval "party$i=$!"
	pids="$pids $!"
	i=$((i + 1))
done

status=0
for i in 0 1 2; do
	eval "p=\$party$i"
	if wait "$p"; then
		echo "party $i: $(cat "$dir/out$i")"
		[ "$(cat "$dir/out$i")" = 1368 ] || status=1
	else
		status=$?
		echo "party $i failed with exit code $status:" >&2
		cat "$dir/err$i" >&2
	fi
done
wait "$pre" || { status=$?; cat "$dir/pre.err" >&2; }
pids=
[ "$status" = 0 ] && echo "123 + 456 + 789 = 1368, and nobody learned anything else."
exit "$status"
