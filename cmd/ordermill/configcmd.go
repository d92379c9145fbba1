package main

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

func (p *program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every setting, its value, where that comes from and what it means",
		Args:  cobra.NoArgs,
	}
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		shown, err := p.currentSettings(cmd)
		if err != nil {
			return err
		}
		if format.json() {
			return p.printJSON(map[string]any{"settings": shown})
		}
		rows := make([]table.Row, len(shown))
		for i, s := range shown {
			rows[i] = table.Row{s.Variable, s.Value, s.Source, s.Meaning}
		}
		p.printTable(table.Row{"variable", "value", "from", "meaning"}, rows)
		return nil
	}
	return cmd
}

// shownSetting is a line of the table.
type shownSetting struct {
	Variable string `json:"variable"`
	Flag     string `json:"flag,omitempty"`
	Value    string `json:"value"`
	Source   string `json:"source"`
	Meaning  string `json:"meaning"`
}

// currentSettings returns all settings as a command run here and now would have them. A faulty value is an error, as it
// would be there.
func (p *program) currentSettings(cmd *cobra.Command) ([]shownSetting, error) {
	environ, source := p.overlay(cmd)
	c, err := loadConfig(environ)
	if err != nil {
		return nil, err
	}
	file, err := readDevEnv(c.DevDir)
	if err != nil {
		file = nil // another user's dev
	}
	fillFromDev(environ, file)
	preset, err := defaults()
	if err != nil {
		return nil, err
	}
	preset[prefix+"DEV_DIR"] = c.DevDir
	shown := make([]shownSetting, len(settings))
	for i, s := range settings {
		value, from := environ[prefix+s.name], source[s.name]
		switch {
		case value == "":
			value = preset[prefix+s.name]
		case from == fromDefault:
			from = fromDev
		}
		shown[i] = shownSetting{Variable: prefix + s.name, Value: s.shown(value), Source: from, Meaning: s.help}
		if !s.secret {
			shown[i].Flag = "--" + s.flag()
		}
	}
	return shown, nil
}
