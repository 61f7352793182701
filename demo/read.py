import h5py
flights = h5py.File("warehouse/flights/flights.h5")
print(f"{len(flights['distance']):,} flights, {flights['distance'][:].sum(dtype='int64'):,} miles, first to {flights['dest'][0].decode()}")
