package cli_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"tapedeck/cli"
)

// shellWords are words, or what stands between single quotes.
var shellWords = regexp.MustCompile(`'[^']*'|\S+`)

// Every example of the help can be typed as it stands.
func TestExamplesAreAccepted(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "tapedeck"}
	cli.AddCommands(root)
	seen := 0
	for _, c := range root.Commands() {
		for line := range strings.Lines(c.Example) {
			for part := range strings.SplitSeq(line, "&&") {
				command, _, _ := strings.Cut(part, " | ")
				words := shellWords.FindAllString(command, -1)
				for i, w := range words {
					words[i] = strings.Trim(w, "'")
				}
				require.Equal(t, "tapedeck", words[0], line)
				cmd, args, err := root.Find(words[1:])
				require.NoError(t, err, line)
				require.NoError(t, cmd.ParseFlags(args), line)
				require.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), line)
				seen++
			}
		}
	}
	require.Greater(t, seen, 8)
}
