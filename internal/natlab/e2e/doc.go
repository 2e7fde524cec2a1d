// Package e2e runs the real pre and party behind the kernel NATs of netns: every two kinds of NAT, networks that let almost nothing
// through, and faults while a computation runs. There is nothing in it but tests, which need root, iproute2 and nftables. By default
// they play a telling selection; with TACIT_LAB=full in the environment everything.
package e2e
