package stackfile

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/sirupsen/logrus"
)

// quiet keeps compose-go's warnings out of the fuzzing output; the reference
// parse below is allowed to make them.
func quiet(t testing.TB) *bytes.Buffer {
	var log bytes.Buffer
	old := logrus.StandardLogger().Out
	logrus.SetOutput(&log)
	t.Cleanup(func() { logrus.SetOutput(old) })
	return &log
}

func TestNoPartOfAPasswordIsLogged(t *testing.T) {
	log := quiet(t)
	src := "PW=abc$s3cret\nQ=\"x${s3cret}y\"\nK=\n"
	e := parseE(t, src)
	if _, err := e.Set("K", "v"); err != nil {
		t.Fatal(err)
	}
	load(t, project(t, "a.yml", "services: {web: {image: a, env_file: .env, environment: {A: 'x$s3cret'}}}\n", ".env", src))
	if log.Len() > 0 {
		t.Errorf("logged: %s", log)
	}
	if _, err := dotenv.UnmarshalWithLookup(src, nil); err != nil || !strings.Contains(log.String(), "s3cret") {
		t.Skip("compose-go itself does not log such names any more")
	}
}

// reference is the file as compose-go alone reads it.
func reference(src []byte) (map[string]string, error) {
	return dotenv.ParseWithLookup(bytes.NewReader(src), nil)
}

func envSeeds(f *testing.F, add func(src string)) {
	for _, src := range variants(fixture(f, "env.prod")) {
		add(string(src))
	}
	for _, src := range []string{
		"", "K", "K=", "K= # c", "K=a\t# c", "K='a' B=2\n", "export K=1\n", "export\nK=1", "K: v\n", "K\nK=2\nK", "A=${K}\nK=1\nB=$K",
		"K=\"a\\\"b\\n\"\n", "K='it\\'s'", "K=a#b #c", " \tK \t= v \r\n", "K=$$x\n", "\uFEFFK=v", "K=\u00a0v\u0085\n", "[K]=1\nK.x=2\n", "K=a\\\n", "=x\n", ":\n",
		"K=${X-d}${Y+e}\nX\n",
	} {
		add(src)
	}
}

// Whatever compose-go reads, we read with the same keys and values.
func FuzzEnvReadsLikeCompose(f *testing.F) {
	envSeeds(f, func(src string) { f.Add(src) })
	f.Fuzz(func(t *testing.T, src string) {
		quiet(t)
		want, err := reference([]byte(src))
		e, ours := ParseEnv([]byte(src))
		if err != nil {
			if ours == nil {
				t.Fatalf("compose-go says %v, we read it", err)
			}
			return
		}
		if ours != nil {
			if strings.Contains(ours.Error(), "UTF-8") {
				return
			}
			t.Fatalf("compose-go reads it, we say %v", ours)
		}
		if !maps.Equal(want, e.values) {
			t.Fatalf("compose-go reads %q, we %q", want, e.values)
		}
		for key := range want {
			if key != "" && !slices.Contains(e.Keys(), key) {
				t.Fatalf("key %q has no place", key)
			}
		}
	})
}

// Whatever Set writes, compose-go reads the old values plus the change; undo
// gives the very bytes from before, and Unset takes an appended line away.
func FuzzEnvSet(f *testing.F) {
	values := []string{"", "v", "a.example,b.example", "a b", "it's", `"q"`, "$x ${y}", `a\`, "# no", "a\nb", "\ttab", "é=ü"}
	i := 0
	envSeeds(f, func(src string) { f.Add(src, "K", values[i%len(values)]); i++ })
	for _, v := range values {
		f.Add("A=1\nK=old # note\nB=$A\n", "K", v)
		f.Add("A=1", "DJANGO_ALLOWED_HOSTS", v)
	}
	f.Fuzz(func(t *testing.T, src, key, value string) {
		quiet(t)
		e, err := ParseEnv([]byte(src))
		if err != nil {
			return
		}
		edit, err := e.Set(key, value)
		if err != nil {
			return
		}
		want, err := reference([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		want[key] = value
		got, err := reference(edit.After)
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%q became %q: compose-go reads %q (%v), want %q", src, edit.After, got, err, want)
		}
		mustUndo(t, edit.Edit)
		if !edit.Appended {
			return
		}
		back, err := parseE(t, string(edit.After)).Unset(key)
		if err != nil || string(back.After) != src {
			t.Fatalf("%q: unset gave %q, %v", src, back.After, err)
		}
	})
}

// Whatever BindLoopback and RemovePort write means what it should, undo gives
// the very bytes from before.
func FuzzPorts(f *testing.F) {
	for _, src := range variants(fixture(f, "docker-compose.prod.yml")) {
		f.Add(string(src))
	}
	f.Add(sharedPorts)
	for _, lines := range []string{
		"    ports: [8000, '8000:8000', \"127.0.0.1:8000:8000\"]\n",
		"    ports:\n      - ${BIND:-0.0.0.0}:8000:8000/tcp\n      - '[::]:8000:8000'\n",
		"    ports:\n    - {target: 8000, published: 80}\n    - target: 8000\n      host_ip: 0.0.0.0\n",
		"    ports: # c\n\n      - &a !!str 8000 # d\n",
	} {
		f.Add(web(lines))
	}
	f.Fuzz(func(t *testing.T, src string) {
		c, err := ParseCompose([]byte(src))
		if err != nil {
			return
		}
		for _, service := range c.Services() {
			if e, err := c.BindLoopback(service, "8000", nil); err == nil {
				mustUndo(t, e)
				onlyLoopback(t, e, service)
			}
			if e, err := c.RemovePort(service, "8000", nil); err == nil {
				mustUndo(t, e)
				if left := published(t, e.After, service); len(left) > 0 {
					t.Fatalf("%q became %q, which publishes %v", src, e.After, left)
				}
			}
		}
	})
}

func onlyLoopback(t *testing.T, e Edit, service string) {
	for _, p := range published(t, e.After, service) {
		if !p.Loopback() {
			t.Fatalf("%q became %q, which publishes %v", e.Before, e.After, p)
		}
	}
}

// published lists the TCP ports a service publishes port 8000 on.
func published(t *testing.T, src []byte, service string) []Port {
	entries, err := parse(t, string(src)).Ports(service)
	if err != nil {
		t.Fatal(err)
	}
	var out []Port
	for _, e := range entries {
		ports, err := e.Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ports {
			if p.Target == 8000 && p.Protocol == "tcp" {
				out = append(out, p)
			}
		}
	}
	return out
}
