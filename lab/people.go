package lab

import (
	"context"
	"encoding/json"
	"fmt"
)

// People is what the Django project is filled with. All of it is made up.
type People struct {
	Users []Person `json:"users,omitempty"`
	Teams []Team   `json:"teams,omitempty"`
}

// Person signs in with an e-mail address.
type Person struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Staff    bool   `json:"staff"` // sees every page
}

// Team has pages at /a/<slug>/ for its members, and channels: a platform, and
// the UUID (Telegram) or number (Twilio) that messages come to.
type Team struct {
	Slug     string      `json:"slug"`
	Members  []string    `json:"members"`
	Channels [][2]string `json:"channels"`
}

// Fill adds people to the Django project in a container.
func (l *Lab) Fill(ctx context.Context, container string, p People) error {
	text, err := json.Marshal(p)
	if err == nil {
		_, err = l.Exec(ctx, container, string(text), "python", "manage.py", "lab_people")
	}
	if err != nil {
		return fmt.Errorf("filling the app: %w", err)
	}
	return nil
}
