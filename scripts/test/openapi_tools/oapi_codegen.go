// The client of oapi-codegen creates, reads, changes and deletes a record.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"gateway"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func to[T any](value T) *T {
	return &value
}

func main() {
	ctx := context.Background()
	withKey := gateway.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("X-API-Key", os.Getenv("KEY"))
		return nil
	})
	client := must(gateway.NewClientWithResponses(os.Getenv("GATEWAY"), withKey))

	// The generated type of the body (one new record or a list of them) cannot be encoded as JSON: the body would arrive empty.
	values := gateway.ResPartnerNew{Name: to("Generated Client"), Email: to("oapi@example.com"), Phone: to("+32 2 290 34 00")}
	body := bytes.NewReader(must(json.Marshal(values)))
	created := must(client.ResPartnerCreateWithBodyWithResponse(ctx, nil, "application/json", body))
	if created.JSON201 == nil {
		panic(string(created.Body))
	}
	id := must(created.JSON201.Data.AsResPartner()).Id

	changed := must(client.ResPartnerPatchWithResponse(ctx, id, nil, gateway.ResPartnerValues{Phone: to("+32 2 290 34 90")}))
	if changed.JSON200 == nil {
		panic(string(changed.Body))
	}
	read := must(client.ResPartnerReadWithResponse(ctx, id, nil))
	listed := must(client.ResPartnerListWithResponse(ctx, &gateway.ResPartnerListParams{
		Filter: &gateway.FilterParameter{"email": "oapi@example.com"},
		Count:  to(gateway.ResPartnerListParamsCountExact),
	}))
	if read.JSON200 == nil || listed.JSON200 == nil {
		panic(string(read.Body) + string(listed.Body))
	}
	must(client.ResPartnerDeleteWithResponse(ctx, id, nil))
	gone := must(client.ResPartnerReadWithResponse(ctx, id, nil))

	record := read.JSON200.Data
	told := map[string]any{"name": record.Name, "phone": record.Phone, "total": listed.JSON200.Meta.Total, "gone": gone.StatusCode()}
	fmt.Println(string(must(json.Marshal(told))))
}
