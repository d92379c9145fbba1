package read

import "net/http"

// VisitGetSettingsResponse implements the generated response.
func (p page) VisitGetSettingsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitListTaxRatesResponse implements the generated response.
func (p page) VisitListTaxRatesResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetTaxRateResponse implements the generated response.
func (p page) VisitGetTaxRateResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitListShippingMethodsResponse implements the generated response.
func (p page) VisitListShippingMethodsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetShippingMethodResponse implements the generated response.
func (p page) VisitGetShippingMethodResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitListLocationsResponse implements the generated response.
func (p page) VisitListLocationsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetLocationResponse implements the generated response.
func (p page) VisitGetLocationResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetPaymentPolicyResponse implements the generated response.
func (p page) VisitGetPaymentPolicyResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetTimeZoneResponse implements the generated response.
func (p page) VisitGetTimeZoneResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetRoundingResponse implements the generated response.
func (p page) VisitGetRoundingResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetLimitsResponse implements the generated response.
func (p page) VisitGetLimitsResponse(w http.ResponseWriter) error { return p.write(w) }
