package dockerx

import (
	"path/filepath"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
)

// Labels that Compose writes on a container.
const (
	labelProject  = "com.docker.compose.project"
	labelService  = "com.docker.compose.service"
	labelDir      = "com.docker.compose.project.working_dir"
	labelFiles    = "com.docker.compose.project.config_files"
	labelEnvFiles = "com.docker.compose.project.environment_file"
	labelHash     = "com.docker.compose.config-hash"
	labelVersion  = "com.docker.compose.version"
	labelOneOff   = "com.docker.compose.oneoff"
	labelNumber   = "com.docker.compose.container-number"
)

// labelMark is the label by which a connector's container is known as ours.
const labelMark = "sh.culvert.mark"

// fromStdin is how Compose names a file that was piped into it.
const fromStdin = "-"

// sourceOf reads how a container was started. Compose v1 wrote paths as they
// were typed; they are relative to the project folder.
func sourceOf(labels map[string]string) found.Source {
	dir := labels[labelDir]
	return found.Source{
		Dir:      dir,
		Files:    paths(dir, labels[labelFiles]),
		EnvFiles: paths(dir, labels[labelEnvFiles]),
		Compose:  labels[labelVersion],
	}
}

func paths(dir, list string) []string {
	var out []string
	for _, p := range strings.Split(list, ",") {
		switch {
		case p == "":
		case p == fromStdin, filepath.IsAbs(p):
			out = append(out, p)
		default:
			out = append(out, filepath.Join(dir, p))
		}
	}
	return out
}

// oneOff says whether a container is from "compose run" and no part of the
// running app.
func oneOff(labels map[string]string) bool { return strings.EqualFold(labels[labelOneOff], "true") }
