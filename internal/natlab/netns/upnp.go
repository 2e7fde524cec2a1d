//go:build linux

package netns

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// upnpRules are those of a home router that leaves the mapping of ports to miniupnpd.
const upnpRules = `table inet upnp {
	chain forward {
		type filter hook forward priority 0;
		iifname "wan" ct state established,related accept
		jump mapped
		iifname "wan" drop
	}
	chain mapped {
	}
	chain pre {
		type nat hook prerouting priority -100;
		jump pre_mapped
	}
	chain post {
		type nat hook postrouting priority 100;
		jump post_mapped
		oifname "wan" masquerade
	}
	chain pre_mapped {
	}
	chain post_mapped {
	}
}
` + inputDrop

const miniupnpdConfig = `ext_ifname=wan
listening_ip=lan
enable_upnp=yes
enable_natpmp=yes
secure_mode=yes
min_lifetime=60
max_lifetime=3600
uuid=00000000-0000-4000-8000-000000000001
upnp_table_name=upnp
upnp_nat_table_name=upnp
upnp_forward_chain=mapped
upnp_nat_chain=pre_mapped
upnp_nat_postrouting_chain=post_mapped
allow 1024-65535 0.0.0.0/0 1024-65535
`

// MapsPorts makes the router, which has no rules yet, a masquerading one whose hosts may ask for ports by PCP, NAT-PMP and UPnP. It
// runs Debian's miniupnpd until the test ends, or skips the test without it.
func (r *Router) MapsPorts() {
	tb := r.lab.tb
	tb.Helper()
	if _, err := exec.LookPath("miniupnpd"); err != nil {
		tb.Skip("needs miniupnpd (Debian: miniupnpd-nftables)")
	}
	r.NFT(upnpRules)
	dir := tb.TempDir()
	config := filepath.Join(dir, "miniupnpd.conf")
	if err := os.WriteFile(config, []byte(miniupnpdConfig), 0o600); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	daemon := r.Command(ctx, "miniupnpd", "-d", "-f", config, "-P", filepath.Join(dir, "pid"))
	out, err := daemon.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	daemon.Stdout = daemon.Stderr
	if err := daemon.Start(); err != nil {
		tb.Fatal(err)
	}
	ready, said := make(chan struct{}), make(chan string, 1)
	go func() {
		var all strings.Builder
		listens := false
		for s := bufio.NewScanner(out); s.Scan(); {
			if !listens && (strings.Contains(s.Text(), "NAT-PMP") || strings.Contains(s.Text(), "PCP")) {
				listens = true
				close(ready)
			}
			fmt.Fprintln(&all, s.Text())
		}
		said <- all.String()
	}()
	ended := false
	tb.Cleanup(func() {
		cancel()
		if !ended {
			<-said
		}
		daemon.Wait()
	})
	select {
	case <-ready:
	case all := <-said:
		ended = true
		tb.Fatalf("miniupnpd ended: %s", all)
	case <-time.After(startWithin):
		tb.Fatal("miniupnpd does not start")
	}
}

// startWithin is far above what a daemon needs to listen.
const startWithin = 20 * time.Second
