package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/base64"
	"html/template"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/crewjam/saml"
	"github.com/crewjam/saml/logger"

	"postern/shared/portal"
)

// SAMLPath is where the provider of SAML 2.0 is.
const SAMLPath = Path + "/saml"

// WithSAML returns the settings' provider as the one that is served at the host.
// Its key is another one each time that the process starts.
func WithSAML(p portal.Provider, host string) portal.Provider {
	p.Issuer, p.SignInURL = "http://"+host+SAMLPath, "http://"+host+SAMLPath
	p.Certificates = []string{base64.StdEncoding.EncodeToString(signer().certificate.Raw)}
	return p
}

type certified struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

var signer = sync.OnceValue(func() certified {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	return certified{key, c}
})

func samlProvider(host string) http.HandlerFunc {
	at := url.URL{Scheme: "http", Host: host, Path: SAMLPath}
	idp := &saml.IdentityProvider{
		Key: signer().key, Signer: signer().key, Certificate: signer().certificate, Logger: logger.DefaultLogger, MetadataURL: at, SSOURL: at,
		SignatureMethod:         "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
		ServiceProviderProvider: portals{host}, SessionProvider: visitors{}, ResponseFormTemplate: back,
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		idp.ServeSSO(w, r)
	}
}

// portals are those of the host: whichever asks is known.
type portals struct{ host string }

func (p portals) GetServiceProvider(_ *http.Request, id string) (*saml.EntityDescriptor, error) {
	at, ok := strings.CutSuffix(id, "/metadata")
	if !ok || !strings.HasPrefix(id, "http://"+p.host+"/") {
		return nil, os.ErrNotExist
	}
	acs := saml.IndexedEndpoint{Binding: saml.HTTPPostBinding, Location: at + "/acs", Index: 1}
	return &saml.EntityDescriptor{
		EntityID: id, SPSSODescriptors: []saml.SPSSODescriptor{{AssertionConsumerServices: []saml.IndexedEndpoint{acs}}},
	}, nil
}

// visitors are whom they choose to be.
type visitors struct{}

func (visitors) GetSession(w http.ResponseWriter, r *http.Request, _ *saml.IdpAuthnRequest) *saml.Session {
	q := r.URL.Query()
	email := q.Get("as")
	if email == "" {
		choose(w, q)
		return nil
	}
	return &saml.Session{
		NameID: "local " + email, NameIDFormat: string(saml.PersistentNameIDFormat), UserEmail: email, CreateTime: time.Now(), Index: "1",
	}
}

//go:embed back.html
var backSource string

var back = template.Must(template.New("back").Parse(backSource))
