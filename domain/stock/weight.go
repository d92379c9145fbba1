package stock

// Bytes that parts of a state take in memory, roughly, with what maps need beside them.
const (
	stateWeight       = 512
	locationWeight    = 160
	reservationWeight = 320
	hiddenWeight      = 48
	placeWeight       = 48
	transferWeight    = 256
)

// Weight returns how many bytes s takes in memory, roughly. It costs the same however many reservations there are.
func (s *Stock) Weight() int {
	return stateWeight + locationWeight*len(s.Locations) + reservationWeight*len(s.Reservations) + hiddenWeight*len(s.hidden) +
		len(s.read.entries) + len(s.read.records) + placeWeight*cap(s.waiting.places) + transferWeight*len(s.transfers)
}
