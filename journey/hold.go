package journey

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// unheldPause is how long a registry that did not answer is left in peace.
const unheldPause = time.Hour

// holdImages holds the images of a draft to the letter, and says whether there
// was anything to hold.
func (j *Journey) holdImages(ctx context.Context, id setup.SetupID, answers setup.Answers) (bool, error) {
	digests, err := j.digestsFor(ctx, id, answers)
	if err != nil || len(digests) == 0 {
		return false, err
	}
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return false, err
	}
	draft.hold(digests)
	return true, j.saveDraft(ctx, row, draft)
}

func (d *Draft) hold(digests map[string]string) {
	if d.Digests == nil {
		d.Digests = map[string]string{}
	}
	maps.Copy(d.Digests, digests)
}

// digestsFor finds the digests of the images that were decided for the operator,
// so that nobody can put another image under their tags between the plan and a
// later pull. An image that stands stays as it is. Where no registry answers, the
// tag has to do, and the plan says so.
func (j *Journey) digestsFor(ctx context.Context, id setup.SetupID, answers setup.Answers) (map[string]string, error) {
	open, err := j.unheldImages(ctx, id, answers)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	digests := j.askDigests(ctx, open)
	return digests, ctx.Err()
}

// unheldImages lists the images that only a tag holds, without those that stand
// and those whose registry did not answer a short while ago.
func (j *Journey) unheldImages(ctx context.Context, id setup.SetupID, answers setup.Answers) ([]string, error) {
	approved, err := j.Store.Approved(ctx)
	if err != nil {
		return nil, err
	}
	var standing []string
	if now := approved[id].Answers; now != nil {
		standing = now.Images()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.DeleteFunc(answers.Images(), func(image string) bool {
		asked, silent := j.unheld[image]
		return !profile.DecidedImage(image) || slices.Contains(standing, image) ||
			silent && j.Clock.Now().Sub(asked) < unheldPause
	}), nil
}

// askDigests asks for all images at the same time.
func (j *Journey) askDigests(ctx context.Context, images []string) map[string]string {
	type answer struct {
		image, digest string
		err           error
	}
	said := make(chan answer, len(images))
	for _, image := range images {
		go func() {
			digest, err := j.Host.Digest(ctx, image)
			said <- answer{image, digest, err}
		}()
	}
	found := map[string]string{}
	for range images {
		a := <-said
		if a.err == nil {
			found[a.image] = a.digest
			continue
		}
		j.Log.Info("an image is held by its tag alone", "image", a.image, "err", a.err)
		j.mu.Lock()
		j.unheld[a.image] = j.Clock.Now()
		j.mu.Unlock()
	}
	return found
}
