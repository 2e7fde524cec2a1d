package natpunch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><URLBase>%s</URLBase><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>%s</controlURL></service></serviceList>
</device></root>`

const soapAnswer = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<u:GetExternalIPAddressResponse xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1">
<NewExternalIPAddress>%s</NewExternalIPAddress></u:GetExternalIPAddressResponse></s:Body></s:Envelope>`

// TestUPnPDescription reads descriptions, good and hostile, from a router at 127.0.0.1.
func TestUPnPDescription(t *testing.T) {
	var body, external atomic.Value
	external.Store("198.51.100.7")
	strange := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger is asked") }))
	defer strange.Close()
	router := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, strange.URL, http.StatusFound)
		case "/control":
			fmt.Fprintf(w, soapAnswer, external.Load())
		default:
			fmt.Fprint(w, body.Load())
		}
	}))
	defer router.Close()
	elsewhere := strings.Replace(strange.URL, "127.0.0.1", "localhost", 1) // by another name than the gateway's address
	u := newUPnP(gateway{addr: netip.MustParseAddr("127.0.0.1"), local: netip.MustParseAddr("127.0.0.1")}, 5000)
	for name, c := range map[string]struct {
		path, body string
		ok         bool
	}{
		"good":                {"/", fmt.Sprintf(description, "", "/control"), true},
		"absolute":            {"/", fmt.Sprintf(description, "", router.URL+"/control"), true},
		"another base":        {"/", fmt.Sprintf(description, elsewhere, "/control"), true}, // not believed, but harmless
		"control elsewhere":   {"/", fmt.Sprintf(description, "", elsewhere+"/control"), false},
		"control by TLS":      {"/", fmt.Sprintf(description, "", strings.Replace(router.URL, "http", "https", 1)), false},
		"redirect":            {"/redirect", "", false},
		"no service":          {"/", `<root xmlns="urn:schemas-upnp-org:device-1-0"><device></device></root>`, false},
		"no XML":              {"/", "hello", false},
		"without end":         {"/", fmt.Sprintf(description, strings.Repeat("a", 2*maxUPnP), "/control"), false},
		"devices in devices":  {"/", `<root xmlns="urn:schemas-upnp-org:device-1-0">` + strings.Repeat("<device><deviceList>", 9000), false},
		"another name space":  {"/", `<root xmlns="x"><device/></root>`, false},
		"truncated":           {"/", description[:200], false},
		"service of a fridge": {"/", strings.Replace(fmt.Sprintf(description, "", "/control"), "WANIPConnection", "Fridge", 1), false},
	} {
		body.Store(c.body)
		location, _ := url.Parse(router.URL + c.path)
		service, err := u.describe(t.Context(), location)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if ip, err := service.GetExternalIPAddressCtx(t.Context()); err != nil || ip != "198.51.100.7" {
			t.Errorf("%s: external address %q, %v", name, ip, err)
		}
	}
	body.Store(fmt.Sprintf(description, "", "/control"))
	location, _ := url.Parse(router.URL)
	service, err := u.describe(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	u.service = service
	for _, hostile := range []string{"127.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "router", strings.Repeat("1", 2*maxUPnP)} {
		external.Store(hostile)
		if got, _, err := u.request(t.Context()); err == nil {
			t.Errorf("external address %.20q is believed as %v", hostile, got)
		}
	}
}
