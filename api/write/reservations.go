package write

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/reservation"
)

// reservation reads the id of the reservation that the path names.
func (r *request) reservation() (uuid.UUID, error) {
	return r.id("reservation_id", "reservation_not_found", "reservation")
}

func makeReservation(_ context.Context, r *request, in *contract.NewReservation) (commands.Command, error) {
	if in.ExpiresAt != nil && in.ExpiresInSeconds != nil {
		return nil, invalid("/expires_at", "send expires_at or expires_in_seconds, not both")
	}
	wish := reservation.Make{
		ReservationID: r.fresh, CustomerID: value(in.CustomerId, ""), Reference: value(in.Reference, ""), At: r.at,
		ExpiresAt: r.until(in.ExpiresAt, in.ExpiresInSeconds), Pointer: timePointer(in.ExpiresInSeconds),
	}
	for i, l := range in.Lines {
		wish.Lines = append(wish.Lines, reservation.Line{LineID: uuid.NewSHA1(r.fresh, []byte(strconv.Itoa(i))), SKU: l.Sku, Quantity: l.Quantity})
	}
	return commands.MakeReservation{Reservation: wish}, nil
}

// until returns when a reservation ends; zero if nothing is said of it.
func (r *request) until(at *time.Time, seconds *int64) time.Time {
	if seconds != nil {
		return r.at.Add(time.Duration(*seconds) * time.Second)
	}
	return value(at, time.Time{})
}

// timePointer returns where a body has the time of a reservation.
func timePointer(seconds *int64) string {
	if seconds != nil {
		return "/expires_in_seconds"
	}
	return "/expires_at"
}

func extendReservation(_ context.Context, r *request, in *contract.ReservationExtension) (commands.Command, error) {
	id, err := r.reservation()
	if err != nil {
		return nil, err
	}
	return commands.ExtendReservation{ReservationID: id, ExpiresAt: r.until(in.ExpiresAt, in.ExpiresInSeconds), Pointer: timePointer(in.ExpiresInSeconds), At: r.at}, nil
}

func endReservation(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	id, err := r.reservation()
	if err != nil {
		return nil, err
	}
	return commands.EndReservation{ReservationID: id, At: r.at}, nil
}

// extended renders a reservation.
func extended(*request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		return rendered{status: http.StatusOK, body: resource.Reservation(stateOf[reservation.Reservation](o), o.Version)}
	}
}

// reserved renders a new reservation.
func reserved(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		out := extended(r)(o)
		out.status, out.location = http.StatusCreated, "/v1/reservations/"+r.fresh.String()
		return out
	}
}
