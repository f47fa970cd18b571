// Package notify tells people of problems that opened and closed, on channels
// such as e-mail, Slack, Telegram or a webhook, and lets a service outside know
// that this server lives.
//
// What has to be told is worked out from the stored incidents and from what was
// told of them before, so a process that dies loses nothing and repeats nothing.
// It knows nothing of how problems are found, of pages or of SQL.
package notify
