package order

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// Limits of an order's tags and metadata.
const (
	MaxTags          = 50
	MaxTagLength     = 40 // characters
	MaxMetadataKeys  = 50
	MaxMetadataKey   = 40  // characters
	MaxMetadataValue = 500 // characters
)

// SetTags states the tags of an order, finished ones too, anew. Tags are kept in lower case, without spaces around them,
// once each and sorted.
type SetTags struct {
	Tags []string
	At   time.Time
}

// SetMetadata sets and unsets what a shop's own programs keep with an order, finished ones too. Keys that are not
// named stay.
type SetMetadata struct {
	Set   map[string]string
	Unset []string
	At    time.Time
}

func (c SetTags) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	var faults rule.Faults
	tags := make([]string, 0, len(c.Tags))
	for i, tag := range c.Tags {
		tag = NormalTag(tag)
		text.Name.Check(&faults, fmt.Sprintf("/tags/%d", i), tag, 1, MaxTagLength)
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	tags = slices.Compact(tags)
	if n := len(tags); n > MaxTags {
		faults.AddDetail(rule.Detail{
			Pointer: "/tags", Code: rule.ValidationFailed, Message: fmt.Sprintf("an order has at most %d tags, not %d", MaxTags, n),
			Meta: map[string]any{"requested": n, "available": MaxTags},
		})
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	added, removed := without(tags, o.Tags), without(o.Tags, tags)
	if len(added)+len(removed) == 0 {
		return nil, nil
	}
	return []Event{TagsChanged{About: o.about(), Added: added, Removed: removed, ChangedAt: instant(c.At)}}, nil
}

// NormalTag returns a tag as it is kept and looked up.
func NormalTag(tag string) string { return strings.ToLower(strings.TrimSpace(tag)) }

// without returns what sorted tags are not among others, which are sorted too.
func without(tags, others []string) []string {
	var left []string
	for _, tag := range tags {
		if _, found := slices.BinarySearch(others, tag); !found {
			left = append(left, tag)
		}
	}
	return left
}

func (c SetMetadata) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	var faults rule.Faults
	set := make(map[string]string, len(c.Set))
	keys := len(o.Metadata)
	for _, key := range slices.Sorted(maps.Keys(c.Set)) {
		value := c.Set[key]
		checkMetadata(&faults, key, value)
		old, known := o.Metadata[key]
		if !known {
			keys++
		}
		if !known || old != value {
			set[key] = value
		}
	}
	unset := slices.Clone(c.Unset)
	slices.Sort(unset)
	unset = slices.DeleteFunc(slices.Compact(unset), func(key string) bool {
		if _, both := c.Set[key]; both {
			faults.Add(rule.ValidationFailed, "/unset", "key %q is to be set and unset; do one of both", key)
		}
		_, known := o.Metadata[key]
		return !known
	})
	if keys -= len(unset); keys > MaxMetadataKeys {
		faults.AddDetail(rule.Detail{
			Pointer: "/set", Code: rule.MetadataLimit,
			Message: fmt.Sprintf("an order has at most %d keys of metadata, this would make %d; unset some", MaxMetadataKeys, keys),
			Meta:    map[string]any{"requested": keys, "available": MaxMetadataKeys},
		})
	}
	if err := faults.Err(); err != nil || len(set)+len(unset) == 0 {
		return nil, err
	}
	event := MetadataChanged{About: o.about(), ChangedAt: instant(c.At)}
	if len(set) > 0 {
		event.Set = set
	}
	if len(unset) > 0 {
		event.Unset = unset
	}
	return []Event{event}, nil
}

// checkMetadata records a fault unless a key and its value fit.
func checkMetadata(faults *rule.Faults, key, value string) {
	pointer := "/set/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	long := false
	limit := func(what string, size, least, most int) {
		if size >= least && size <= most {
			return
		}
		long = true
		faults.AddDetail(rule.Detail{
			Pointer: pointer, Code: rule.MetadataLimit,
			Message: fmt.Sprintf("%s of %q has %d to %d characters, not %d", what, key, least, most, size),
			Meta:    map[string]any{"key": key, "requested": size, "available": most},
		})
	}
	limit("the key", utf8.RuneCountInString(key), 1, MaxMetadataKey)
	limit("the value", utf8.RuneCountInString(value), 0, MaxMetadataValue)
	if !long {
		text.Identifier.Check(faults, pointer, key, 1, MaxMetadataKey)
		text.Note.Check(faults, pointer, value, 0, MaxMetadataValue)
	}
}

// applyTagsChanged makes a new slice: clones share the old one.
func (o *Order) applyTagsChanged(e *TagsChanged) {
	tags := append(without(o.Tags, e.Removed), without(e.Added, o.Tags)...)
	slices.Sort(tags)
	o.Tags, o.UpdatedAt = tags, e.ChangedAt
}

func (o *Order) applyMetadataChanged(e *MetadataChanged) {
	if o.Metadata == nil {
		o.Metadata = make(Metadata, len(e.Set))
	}
	maps.Copy(o.Metadata, e.Set)
	for _, key := range e.Unset {
		delete(o.Metadata, key)
	}
	if len(o.Metadata) == 0 {
		o.Metadata = nil // as it is stored
	}
	o.UpdatedAt = e.ChangedAt
}
