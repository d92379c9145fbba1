package commands

import "github.com/ordermill/ordermill/domain/settings"

// decide changes the tenant's settings.
func (c ChangeSettings) decide(v *view) (decision, error) {
	s := v.settingsStream()
	w := begin(v, s, c.At, "settings")
	events, err := settings.Decide(s.settingsState(), c.Command)
	if err == nil {
		w.add(s, facts(events)...)
	}
	return w.decision, err
}
