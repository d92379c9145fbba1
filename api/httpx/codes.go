package httpx

import "net/http"

// Code names what went wrong. The list is closed: clients switch on codes, so that they are added and never renamed.
type Code string

// The codes that the border itself decides. Those of the domain's rules are in package rule, under the same names.
const (
	CodeMalformedJSON         Code = "malformed_json"
	CodeUnknownField          Code = "unknown_field"
	CodeUnknownFilter         Code = "unknown_filter"
	CodeInvalidCursor         Code = "invalid_cursor"
	CodeCursorMismatch        Code = "cursor_mismatch"
	CodeKeyMissing            Code = "idempotency_key_missing"
	CodeKeyInvalid            Code = "idempotency_key_invalid"
	CodeInvalidHeader         Code = "invalid_header"
	CodeTokenMissing          Code = "token_missing"
	CodeTokenInvalid          Code = "token_invalid"
	CodeTokenExpired          Code = "token_expired"
	CodeInsufficientScope     Code = "insufficient_scope"
	CodeOrderNotFound         Code = "order_not_found"
	CodeProductNotFound       Code = "product_not_found"
	CodeMetricNotFound        Code = "metric_not_found"
	CodeRouteNotFound         Code = "route_not_found"
	CodeMethodNotAllowed      Code = "method_not_allowed"
	CodeNotAcceptable         Code = "not_acceptable"
	CodeKeyInUse              Code = "idempotency_key_in_use"
	CodeKeyExpired            Code = "idempotency_key_expired"
	CodeConcurrent            Code = "concurrent_modification"
	CodePositionLost          Code = "position_lost"
	CodeVersionMismatch       Code = "version_mismatch"
	CodePreconditionRequired  Code = "precondition_required"
	CodeBodyTooLarge          Code = "body_too_large"
	CodeUnsupportedMedia      Code = "unsupported_media_type"
	CodeValidationFailed      Code = "validation_failed"
	CodeKeyReused             Code = "idempotency_key_reused"
	CodeSensitiveData         Code = "sensitive_data_rejected"
	CodeErasedCustomer        Code = "erased_customer"
	CodeCurrencyUnsupported   Code = "currency_unsupported"
	CodeInternal              Code = "internal_error"
	CodeReducedCapacity       Code = "reduced_capacity"
	CodeOutcomeUnknown        Code = "outcome_unknown"
	CodeProjectionLagging     Code = "projection_lagging"
	CodeAnotherPast           Code = "another_past"
	CodeDependencyUnavailable Code = "dependency_unavailable"
	CodeDependencyTimeout     Code = "dependency_timeout"
	CodeStorageFull           Code = "storage_full"
	CodeShuttingDown          Code = "shutting_down"
	CodeStreamUnreadable      Code = "stream_unreadable"
	CodeRequestTimeout        Code = "request_timeout"
)

// meaning is what a code is to HTTP.
type meaning struct {
	Status    int
	Title     string
	Retryable bool // the very same request may succeed later
}

// meanings lists every code there is.
var meanings = map[Code]meaning{
	CodeMalformedJSON:  {http.StatusBadRequest, "The body is not the JSON that is expected", false},
	CodeUnknownField:   {http.StatusBadRequest, "The body has a field that does not exist", false},
	CodeUnknownFilter:  {http.StatusBadRequest, "The query has a parameter that does not exist", false},
	CodeInvalidCursor:  {http.StatusBadRequest, "The cursor is not one that this service gave out", false},
	CodeCursorMismatch: {http.StatusBadRequest, "The cursor belongs to another query", false},
	CodeKeyMissing:     {http.StatusBadRequest, "An Idempotency-Key header is needed", false},
	CodeKeyInvalid:     {http.StatusBadRequest, "The Idempotency-Key header is malformed", false},
	CodeInvalidHeader:  {http.StatusBadRequest, "A header is malformed", false},

	CodeTokenMissing:      {http.StatusUnauthorized, "A bearer token is needed", false},
	CodeTokenInvalid:      {http.StatusUnauthorized, "The bearer token is not valid here", false},
	CodeTokenExpired:      {http.StatusUnauthorized, "The bearer token has expired", false},
	CodeInsufficientScope: {http.StatusForbidden, "The token does not allow this", false},

	CodeOrderNotFound:       {http.StatusNotFound, "No such order", false},
	CodeProductNotFound:     {http.StatusNotFound, "No such product", false},
	CodeMetricNotFound:      {http.StatusNotFound, "No such figure", false},
	"hold_not_found":        {http.StatusNotFound, "No such hold", false},
	"edit_not_found":        {http.StatusNotFound, "No such open edit", false},
	"fulfillment_not_found": {http.StatusNotFound, "No such fulfilment", false},
	"return_not_found":      {http.StatusNotFound, "No such return", false},
	"note_not_found":        {http.StatusNotFound, "No such note", false},
	"reservation_not_found": {http.StatusNotFound, "No such reservation", false},
	"transfer_not_found":    {http.StatusNotFound, "No such transfer", false},
	"location_unknown":      {http.StatusNotFound, "No such location", false},
	"setting_not_found":     {http.StatusNotFound, "No such setting", false},
	"customer_not_found":    {http.StatusNotFound, "No such customer", false},
	CodeRouteNotFound:       {http.StatusNotFound, "Nothing is served here", false},
	CodeMethodNotAllowed:    {http.StatusMethodNotAllowed, "The method does not exist here", false},
	CodeNotAcceptable:       {http.StatusNotAcceptable, "Only JSON is served", false},

	CodeRequestTimeout:      {http.StatusRequestTimeout, "The body did not come in time", true},
	CodeKeyInUse:            {http.StatusConflict, "A request with this key is still running", true},
	CodeKeyExpired:          {http.StatusConflict, "The stored answer of this key has expired", false},
	CodeConcurrent:          {http.StatusConflict, "Changed meanwhile too often", true},
	"insufficient_stock":    {http.StatusConflict, "Not enough stock", false},
	"price_changed":         {http.StatusConflict, "The price has changed", false},
	"invalid_state":         {http.StatusConflict, "Not possible in the present state", false},
	"order_terminal":        {http.StatusConflict, "The order is finished", false},
	"nothing_to_cancel":     {http.StatusConflict, "Nothing is left to cancel", false},
	"already_shipped":       {http.StatusConflict, "Goods have left already", false},
	"order_on_hold":         {http.StatusConflict, "The order is on hold", false},
	"payment_required":      {http.StatusConflict, "The order must be paid first", false},
	"reservation_expired":   {http.StatusConflict, "The reservation is gone", false},
	"duplicate_external_id": {http.StatusConflict, "The external id is taken", false},
	"unpaid_not_allowed":    {http.StatusConflict, "The order must be paid before it is packed", false},
	"edit_already_open":     {http.StatusConflict, "Another edit is open", false},
	"edit_stale":            {http.StatusConflict, "The order changed since the edit was made", false},
	"quantity_mismatch":     {http.StatusConflict, "The stock is not what was expected", false},
	"legal_hold":            {http.StatusConflict, "The law forbids erasing the customer", false},

	CodePositionLost:         {http.StatusGone, "The token is from before a restore", false},
	CodeVersionMismatch:      {http.StatusPreconditionFailed, "The target has another version", false},
	CodePreconditionRequired: {http.StatusPreconditionRequired, "An If-Match header is needed", false},
	CodeBodyTooLarge:         {http.StatusRequestEntityTooLarge, "The body is too large", false},
	CodeUnsupportedMedia:     {http.StatusUnsupportedMediaType, "The body has another media type", false},

	CodeValidationFailed:         {http.StatusUnprocessableEntity, "The request breaks the schema", false},
	CodeKeyReused:                {http.StatusUnprocessableEntity, "The key was used for another request", false},
	CodeSensitiveData:            {http.StatusUnprocessableEntity, "The text holds a card number", false},
	CodeErasedCustomer:           {http.StatusUnprocessableEntity, "The customer's data was erased", false},
	CodeCurrencyUnsupported:      {http.StatusUnprocessableEntity, "The currency is not supported", false},
	"empty_order":                {http.StatusUnprocessableEntity, "The order has no lines", false},
	"quantity_out_of_range":      {http.StatusUnprocessableEntity, "The quantity is out of range", false},
	"sku_unknown":                {http.StatusUnprocessableEntity, "The SKU does not exist", false},
	"sku_not_sellable":           {http.StatusUnprocessableEntity, "The SKU is not on sale", false},
	"discount_invalid":           {http.StatusUnprocessableEntity, "The discount does not fit", false},
	"shipping_method_invalid":    {http.StatusUnprocessableEntity, "The shipping method does not fit", false},
	"future_date":                {http.StatusUnprocessableEntity, "The date lies in the future", false},
	"totals_mismatch":            {http.StatusUnprocessableEntity, "The totals do not add up", false},
	"quantity_exceeds_delivered": {http.StatusUnprocessableEntity, "More than was delivered", false},
	"refund_exceeds_captured":    {http.StatusUnprocessableEntity, "More than was paid", false},
	"quantity_below_fulfilled":   {http.StatusUnprocessableEntity, "Less than is packed already", false},
	"quantity_exceeds_open":      {http.StatusUnprocessableEntity, "More than is open", false},
	"quantity_exceeds_requested": {http.StatusUnprocessableEntity, "More than was to come back", false},
	"return_window_closed":       {http.StatusUnprocessableEntity, "Too late for a return", false},
	"metadata_limit":             {http.StatusUnprocessableEntity, "Too much metadata", false},

	CodeInternal:              {http.StatusInternalServerError, "Something is broken on our side", false},
	CodeReducedCapacity:       {http.StatusServiceUnavailable, "Too busy right now", true},
	CodeOutcomeUnknown:        {http.StatusServiceUnavailable, "It is not known yet whether this was done", true},
	CodeProjectionLagging:     {http.StatusServiceUnavailable, "The read model has not got there yet", true},
	CodeAnotherPast:           {http.StatusServiceUnavailable, "The log was restored and is not taken up yet", true},
	CodeDependencyUnavailable: {http.StatusServiceUnavailable, "A system behind this one does not answer", true},
	CodeStorageFull:           {http.StatusServiceUnavailable, "The database has no room left", true},
	CodeShuttingDown:          {http.StatusServiceUnavailable, "This process is ending", true},
	CodeStreamUnreadable:      {http.StatusServiceUnavailable, "This build cannot read an event of the stream", false},
	CodeDependencyTimeout:     {http.StatusGatewayTimeout, "A system behind this one took too long", true},
}

// Codes returns every code with its status, for documentation and tests.
func Codes() map[Code]int {
	out := make(map[Code]int, len(meanings))
	for code, m := range meanings {
		out[code] = m.Status
	}
	return out
}
