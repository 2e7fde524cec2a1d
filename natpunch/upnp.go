package natpunch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/huin/goupnp"
	"github.com/huin/goupnp/dcps/internetgateway2"
)

// maxUPnP bounds every answer of a UPnP device.
const maxUPnP = 256 << 10

// upnp asks by UPnP IGD: WANIPConnection or WANPPPConnection of the router that answers a search from the gateway's address.
type upnp struct {
	gw       gateway
	port     uint16
	service  wanConnection // of the last request
	external uint16
}

// wanConnection is what the services of goupnp have in common.
type wanConnection interface {
	GetServiceClient() *goupnp.ServiceClient
	GetExternalIPAddressCtx(ctx context.Context) (string, error)
	AddPortMappingCtx(ctx context.Context, remote string, external uint16, proto string, internal uint16, client string,
		enabled bool, description string, lease uint32) error
	DeletePortMappingCtx(ctx context.Context, remote string, external uint16, proto string) error
}

func newUPnP(gw gateway, port uint16) *upnp { return &upnp{gw: gw, port: port, external: port} }

func (u *upnp) name() string { return "UPnP" }

func (u *upnp) request(ctx context.Context) (netip.AddrPort, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, upnpWait)
	defer cancel()
	if u.service == nil {
		s, err := u.discover(ctx)
		if err != nil {
			return netip.AddrPort{}, 0, err
		}
		u.service = s
	}
	text, err := u.service.GetExternalIPAddressCtx(ctx)
	if err != nil {
		return netip.AddrPort{}, 0, fmt.Errorf("ask for the external address: %w", err)
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.AddrPort{}, 0, fmt.Errorf("the router's external address: %w", err)
	}
	external, err := usable(netip.AddrPortFrom(ip, u.external))
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	lease := mapLifetime
	err = u.add(ctx, lease)
	if err != nil { // some routers only know mappings without end (error 725); it is deleted in the end
		lease = 0
		if u.add(ctx, lease) != nil {
			return netip.AddrPort{}, 0, fmt.Errorf("ask for port %d: %w", u.external, err)
		}
		lease = mapLifetime
	}
	return external, lease, nil
}

func (u *upnp) add(ctx context.Context, lease time.Duration) error {
	return u.service.AddPortMappingCtx(ctx, "", u.external, "UDP", u.port, u.gw.local.String(), true, "tacit", uint32(lease/time.Second))
}

func (u *upnp) release(ctx context.Context) error {
	if u.service == nil {
		return nil
	}
	return u.service.DeletePortMappingCtx(ctx, "", u.external, "UDP")
}

// discover finds the gateway's description and the service in it.
func (u *upnp) discover(ctx context.Context) (wanConnection, error) {
	location, err := u.search(ctx)
	if err != nil {
		return nil, fmt.Errorf("search for a UPnP router: %w", err)
	}
	return u.describe(ctx, location)
}

// describe reads a description. Only services at the gateway's own address are believed.
func (u *upnp) describe(ctx context.Context, location *url.URL) (wanConnection, error) {
	client := http.Client{
		Transport:     bounded{&http.Transport{DisableKeepAlives: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("read the router's description: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the router's description: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the router's description: %s", response.Status)
	}
	root := new(goupnp.RootDevice)
	d := xml.NewDecoder(response.Body)
	d.DefaultSpace = goupnp.DeviceXMLNamespace
	if err := d.Decode(root); err != nil {
		return nil, fmt.Errorf("read the router's description: %w", err)
	}
	root.SetURLBase(location) // an URLBase of its own is not believed
	for _, s := range services(root, location) {
		soap := s.GetServiceClient().SOAPClient
		if !u.ofGateway(&soap.EndpointURL) {
			continue
		}
		soap.HTTPClient = client
		return s, nil
	}
	return nil, errors.New("the router's description has no connection service")
}

func services(root *goupnp.RootDevice, location *url.URL) (all []wanConnection) {
	if found, err := internetgateway2.NewWANIPConnection2ClientsFromRootDevice(root, location); err == nil {
		for _, s := range found {
			all = append(all, s)
		}
	}
	if found, err := internetgateway2.NewWANIPConnection1ClientsFromRootDevice(root, location); err == nil {
		for _, s := range found {
			all = append(all, s)
		}
	}
	if found, err := internetgateway2.NewWANPPPConnection1ClientsFromRootDevice(root, location); err == nil {
		for _, s := range found {
			all = append(all, s)
		}
	}
	return all
}

func (u *upnp) ofGateway(l *url.URL) bool {
	host, err := netip.ParseAddr(l.Hostname())
	return err == nil && host == u.gw.addr && l.Scheme == "http"
}

// search asks the local network for gateways (UPnP Device Architecture 1.1 section 1.3) until the router answers.
func (u *upnp) search(ctx context.Context) (*url.URL, error) {
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(u.gw.local, 0)))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Now()) })
	defer stop()
	group := netip.MustParseAddrPort("239.255.255.250:1900")
	buf := make([]byte, 2048)
	for wait := mapFirst; ctx.Err() == nil; wait *= 2 {
		for _, version := range []string{"1", "2"} {
			ask := "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n" +
				"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:" + version + "\r\n\r\n"
			if _, err := c.WriteToUDPAddrPort([]byte(ask), group); err != nil {
				return nil, err
			}
		}
		c.SetReadDeadline(time.Now().Add(wait))
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				break
			}
			if from.Addr().Unmap() != u.gw.addr {
				continue
			}
			r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(buf[:n])), nil)
			if err != nil || r.StatusCode != http.StatusOK {
				continue
			}
			if l, err := url.Parse(r.Header.Get("Location")); err == nil && u.ofGateway(l) {
				return l, nil
			}
		}
	}
	return nil, errNoAnswer
}

// bounded limits the answers of a transport.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxUPnP), response.Body}
	return response, nil
}
