package journey

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// registry is a host whose images' registry answers, while it is up.
type registry struct {
	Host
	mu     sync.Mutex
	up     bool
	asked  map[string]int
	digest string
}

func withRegistry(r *registry) func(*Options) {
	return func(o *Options) { r.Host, r.asked, o.Host = o.Host, map[string]int{}, r }
}

func (r *registry) Digest(_ context.Context, image string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[image]++
	if !r.up {
		return "", &setup.Problem{Code: setup.CodeUnavailable, Message: "no such host"}
	}
	return r.digest, nil
}

func (r *registry) turn(up bool, digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up, r.digest = up, digest
}

func (r *registry) times(image string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[image]
}

var (
	oneDigest   = "sha256:" + strings.Repeat("1", 64)
	otherDigest = "sha256:" + strings.Repeat("2", 64)
)

func TestImagesAreHeldByTheDigestThatTheirTagsHadFirst(t *testing.T) {
	t.Parallel()
	r := &registry{}
	w := newWalk(t, withEveryMode, withRegistry(r))
	r.turn(true, oneDigest)
	w.choose()
	w.answer(good())
	w.token()
	w.plan()
	if got := w.overview().Answers.Image; got != profile.DefaultImage+"@"+oneDigest {
		t.Fatalf("the connector's image is %s", got)
	}
	r.turn(true, otherDigest) // somebody put another image under the tag
	w.plan()
	if got := w.overview().Answers.Image; !strings.HasSuffix(got, oneDigest) {
		t.Errorf("after the tag moved it is %s", got)
	}
	if n := r.times(profile.DefaultImage); n != 1 {
		t.Errorf("the registry was asked %d times", n)
	}
}

func TestARegistryThatDoesNotAnswerLeavesTheTagAndIsNotAskedAtEveryLook(t *testing.T) {
	t.Parallel()
	r := &registry{}
	w := newWalk(t, withRegistry(r))
	w.choose()
	w.answer(good())
	w.token()
	w.plan()
	w.plan()
	if got := w.overview().Answers.Image; got != profile.DefaultImage {
		t.Errorf("the image is %s", got)
	}
	if n := r.times(profile.DefaultImage); n != 1 {
		t.Errorf("two looks asked %d times", n)
	}
	w.clock.pass(unheldPause)
	r.turn(true, oneDigest)
	w.plan()
	if got := w.overview().Answers.Image; !strings.HasSuffix(got, oneDigest) {
		t.Errorf("once the registry answers it is %s", got)
	}
}

func TestWhatStandsKeepsItsImage(t *testing.T) {
	t.Parallel()
	r := &registry{}
	w := newWalk(t, withRegistry(r))
	w.choose()
	w.answer(good())
	w.token()
	if run := w.apply(setup.StepRemove); run.State != setup.RunSucceeded {
		t.Fatalf("the run is %s: %s", run.State, run.Note)
	}
	r.turn(true, oneDigest)
	w.clock.pass(unheldPause)
	w.plan()
	if got := w.overview().Answers.Image; got != profile.DefaultImage {
		t.Errorf("the connector would be made anew with %s", got)
	}
}

func TestAFileHoldsTheImagesThatItLeavesOpen(t *testing.T) {
	t.Parallel()
	r := &registry{}
	w := newWalk(t, withEveryMode, withRegistry(r))
	r.turn(true, oneDigest)
	own := "registry.example/dnsmasq:3"
	f := config.File{App: "open-chat-studio", Name: string(w.id), Hostname: host, Zone: "example.org", Domains: []string{"example.org"},
		Mode: setup.ModeFallback, Inside: profile.Inside{Name: "ocs.your-org", Subnet: "10.213.250.0/28", DNSImage: own}}
	for range 2 {
		a, _, err := w.FromFile(t.Context(), f, secret.New(apiToken))
		if err != nil {
			t.Fatal(err)
		}
		if a.Image != profile.DefaultImage+"@"+oneDigest || a.Private.Front.Image != profile.DefaultFrontImage+"@"+oneDigest || a.Private.DNSImage != own {
			t.Errorf("images %v", a.Images())
		}
		r.turn(true, otherDigest)
	}
	if n := r.times(own); n != 0 {
		t.Error("what the operator wrote was held to something else")
	}
}
