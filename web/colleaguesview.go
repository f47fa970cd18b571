package web

import (
	"fmt"
	"strings"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// RootFile is what the downloaded root certificate is called. Windows and macOS
// open this ending with a click.
func RootFile(domain string) string { return "culvert-" + domain + ".crt" }

// clientPage is where Cloudflare offers the app.
const clientPage = "https://developers.cloudflare.com/cloudflare-one/connections/connect-devices/warp/download-warp/"

// invitation is the text to send to a colleague.
func invitation(w *journey.Welcome) string {
	steps := []string{
		"Install Cloudflare’s app: the Cloudflare One Client (WARP) on a computer, from " + clientPage + "; on a phone, Cloudflare One Agent from the app store.",
		"In the app, log in to your organisation (Preferences → Account → Login to Cloudflare Zero Trust). Team name: " + orWords(w.Team, "(ask us for it)"),
		loginStep(w),
	}
	if w.Authority != nil {
		steps = append(steps, fmt.Sprintf("Tell your device to trust the certificate %s, which you get with this message. Compare its SHA-256 before: %s", RootFile(w.Authority.Domain), w.Authority.Fingerprint))
	} else if w.Source == setup.FromOwner {
		steps = append(steps, "If your browser warns of the certificate, stop and ask us: your device has to trust our organisation’s own authority.")
	}
	steps = append(steps, "With the app connected, open "+w.Address+". Nothing opens at first: the app shows a notice that you have to log in (Authentication required). "+
		"Click it, log in as before, and open the address again. From time to time the notice comes back.")
	var b strings.Builder
	fmt.Fprintf(&b, "How you get to %s:\n", w.Address)
	for i, s := range steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	return b.String()
}

func loginStep(w *journey.Welcome) string {
	step := "Log in there"
	if len(w.Logins) > 0 {
		step += " by " + strings.Join(w.Logins, " or ")
	}
	if len(w.Who) > 0 {
		step += ". These get in: " + strings.Join(w.Who, ", ")
	}
	return step + "."
}

// trusting says for each system how it is told to trust a root certificate.
func trusting(domain string) []Value {
	file := RootFile(domain)
	return []Value{
		{"macOS", "Open the file: Keychain Access takes it. Double-click it there, under Trust choose Always Trust."},
		{"Windows", "Open the file, Install Certificate → Local Machine → Place all certificates in the following store → Trusted Root Certification Authorities."},
		{"iPhone, iPad", "Open the file, then Settings → Profile Downloaded → Install. After that Settings → General → About → Certificate Trust Settings: switch it on."},
		{"Android", "Settings → Security → Encryption & credentials → Install a certificate → CA certificate. Android says that somebody could watch your traffic; this certificate is good for " + domain + " alone."},
		{"Linux", "sudo cp " + file + " /usr/local/share/ca-certificates/ && sudo update-ca-certificates (Debian, Ubuntu). Chrome has a list of its own: Settings → Privacy and security → Security → Manage certificates → Import."},
		{"Firefox", "On every system it may have a list of its own: Settings → Privacy & Security → View Certificates → Authorities → Import, and tick “identify websites”."},
	}
}
