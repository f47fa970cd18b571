// Package stackfile reads and edits the two kinds of file a Docker Compose
// project is made of: compose files and env files.
//
// Edits are bytes in, bytes out: only the wanted value changes, every other
// byte (comments, quoting, line endings, a byte order mark, a missing final
// newline) stays. Where that cannot be promised the edit is refused with a
// [Refusal] that says what is in the way and what to do by hand.
//
// What the files mean is asked of compose-go, the library the compose command
// itself is built on. [Load] gives that [Meaning]; [Compare] and [CompareEnv]
// are the gates every edit passes before its bytes are written.
//
// The package knows nothing about Docker, Cloudflare or the project's domain,
// writes no file, and reads files only to load their meaning.
package stackfile
