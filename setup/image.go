package setup

import (
	"fmt"
	"regexp"
	"strings"
)

var imageText = regexp.MustCompile(`^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

// checkImage finds what is no name of an image. Its version is held by a tag, or
// to the letter by a digest.
func checkImage(image, example string) string {
	if imageText.MatchString(image) {
		return ""
	}
	return fmt.Sprintf("%q is no image. Write its name with a version, such as %s, or with a digest (@sha256: and 64 characters), which always is the same image.", image, example)
}

// Images lists the images of everything that Culvert starts.
func (a Answers) Images() []string {
	images := []string{a.Image}
	if p := a.Private; p != nil {
		if a.Mode == ModeFallback {
			images = append(images, p.DNSImage)
		}
		if p.Front != nil {
			images = append(images, p.Front.Image)
		}
	}
	return images
}

// ByDigest says whether an image is held to the letter.
func ByDigest(image string) bool { return strings.Contains(image, "@sha256:") }

// heldBy says what keeps an image the same one: under a tag its maker can put
// another.
func heldBy(image string) string {
	if ByDigest(image) {
		return image + " (by digest)"
	}
	return image + " (by tag)"
}
